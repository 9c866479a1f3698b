// Package sandbox assembles the emulators into one invented company, Acme, and
// lets a person or a test play everybody in it.
//
// The world starts from config/example: its accounts, groups, people and teams
// exist in Slack, GitHub, Entra and AWS, what it desires is live already, and so
// the first sync of a bot has nothing to do. What no config repo says is seeded
// here: who is a member of which group, who may write to the repository, one
// assignment that somebody made by hand, people from outside.
//
// Two listeners serve it. The main one has the emulators under /aws/, /github/
// and /slack/, the page at /, the control API under /sandbox/, and hands the
// bot's own routes on to the bot, so that one URL is enough. The other one is
// TLS with a certificate authority of the sandbox's own, for Microsoft login,
// Graph and Teams, since Azure's client libraries and the bot itself refuse plain http.
//
// The control API plays people and breaks things; docs/sandbox.md describes it.
// The page uses nothing else. Whoever can reach it is everybody at Acme: it
// therefore listens on loopback only unless told otherwise, takes requests for a
// loopback host name only, and refuses requests that another web page sends.
//
// Nothing is kept: all state is in memory, all secrets are made at start.
package sandbox
