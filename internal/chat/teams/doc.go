// Package teams is Microsoft Teams for the conversation: it checks what the Bot
// Framework connector sends, and renders the neutral model of package chat as
// Adaptive Cards.
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
//	                       the one of the settings
//
// The person is the Entra object id of the activity (from.aadObjectId). There is
// no setting that turns any of this off.
//
// # Where the token of the bot goes
//
// Replies go to the activity's service URL. Its host is held against an exact
// list when it is received, when it is stored, and by the one transport that
// attaches the token ([Hosts]).
package teams
