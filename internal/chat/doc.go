// Package chat is the conversation: the command grammar, forms and messages in
// a neutral model, and their delivery. It calls access and knows no chat
// service; chat/slack (and others) render the neutral model and verify what
// comes in.
//
// # In
//
// A delivery (a command, a form, a click) is verified by the adapter, stored
// in the [Inbox] under its natural key, acknowledged, and then worked off by
// [Desk]: who is it, what was asked, do it, answer in private. A delivery that
// was stored is worked off after a crash; one that is worked off twice does
// nothing twice, because requests are keyed by delivery; its answer is given at
// least once. Several people are served at the same time, each in his order. A
// fault is tried again for ten minutes and then told. A form is judged while it
// is open; where that takes too long it is stored as a delivery too. Opening a
// form is the one step that is not durable: it must happen within seconds of
// the click. Who is not recognised may ask to be linked, and look at and cancel
// what he sent; nothing else is served to him.
//
// # Out
//
// [Courier] shows requests: one root message each, edited in place until it
// shows the request's version, and thread replies in the order in which they
// were stored. Before a post it notes the intent; after a crash it looks for
// the message before posting again; where the service has no history it posts
// again and says so. What has lost its channel or thread goes to the ops channel.
// Who asked in another channel gets a private link to the root message, tried once:
// a courtesy, not a promise. Owners who are on another service than the message are
// told there, in private, likewise: such messages wait for each service by themselves,
// so that one that does not answer holds up nobody on another one.
//
// # Text
//
// What people wrote is carried as [Span]s and [Quote]s, never as markup: an
// adapter escapes every span. Cards are built from the server's own record. The
// commands in messages are written with slashes; an adapter of a service without
// them passes messages through [Words.Spoken].
package chat
