// Package slack is Slack in and out: it verifies and parses what Slack sends
// (slash commands, form submissions, clicks, type-ahead), renders the neutral
// messages and forms of package chat as Block Kit, and calls the Web API.
//
// Inbound requests are verified before anything is parsed; a request that does
// not verify gets a fixed answer. Only the POST body is read, into types of
// our own that hold the few fields that are used, each of which may be missing.
//
// Every span of a message is escaped; what a person wrote goes out as
// plain_text. Text objects are verbatim, so that Slack makes no links and
// mentions out of what it finds in them. Limits on lengths are enforced on
// runes, and nothing is cut in the middle of an entity or a link.
package slack
