// Package slack is Slack in and out: it verifies and parses what Slack sends
// (slash commands, form submissions, clicks, type-ahead), renders the neutral
// messages and forms of package chat as Block Kit, and calls the Web API.
//
// Inbound requests are verified before anything is parsed, by the library's
// verifier with its error dropped (it carries the expected MAC), with a bound
// on time stamps from the future of its own. Only the POST body is read.
//
// Every span of a message is escaped; what a person wrote goes out as
// plain_text. Limits on lengths are enforced on runes.
package slack
