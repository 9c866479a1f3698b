// Package teams is Microsoft Teams in and out: it checks and reads what the Bot
// Framework connector sends, renders the neutral messages and forms of package
// chat as Adaptive Cards, and calls the connector's REST API.
//
// # Whom to believe
//
// What comes in is believed in this order, and each step is taken only after the
// one before ([Trust]):
//
//	Authorization header   a JWT, RS256, signed by a published key that is
//	                       endorsed for Teams, from the issuer, for this bot, of
//	                       now, with a serviceurl claim whose host is allowed
//	body                   read, bounded, only then
//	activity               on channel msteams; its serviceUrl is that of the
//	                       claim; its tenant, and that of its conversation, is
//	                       the one of the settings; it is for this bot
//
// The person is the Entra object id of the activity (from.aadObjectId); the roster
// of a conversation says whether he is a member of the tenant. There is no setting
// that turns any of this off.
//
// # In
//
// Messages (a mention is said by an entity, never by a name in the text), card
// actions and the old clients' form of them are deliveries of [chat.Desk], stored
// before they are acknowledged; 5xx says that one was not. Their key is the
// activity's id in its conversation. Dialogs and type-ahead are answered in the
// body of the answer: a form is opened by a card's button (task/fetch), by the
// message extension, or by the button that a line without it is answered with. What
// a button or a dialog sends says what was pressed; who may is asked again.
//
// # Out
//
// A root message begins a thread in its channel, replies go into it, and both are
// edited in place. What is for one person is a targeted message where the tenant
// has them, else one in the person's chat with the bot, which needs the app to be
// installed for him. The connector has no history, so that a message whose answer
// was lost (by a crash, or on the way) cannot be looked for: it is posted again and
// says that it may stand there twice. What this process saw the answer of is not
// posted again, and what was refused or never left is known not to be there.
//
// # Where the token of the bot goes
//
// Calls go to the service URL that an activity named for its conversation, or to
// that of the settings. Its host is held against an exact list when it is received,
// before it is stored, when it is read again (one that has left the list is passed over
// for that of the settings), and by the one client that attaches the token, each time
// ([Hosts]); redirects are not followed.
//
// # Text
//
// Cards are built of structures, never of text. What people wrote stands in text
// runs, in which no client reads Markdown; a TextBlock has only words without signs
// and mentions. Times are in UTC: Teams does not support the functions for the
// reader's zone.
package teams
