// Package scenario judges what a run of the bot against the sandbox left
// behind. It is for tests: scripts play people, and after each of them [Check]
// reads what the emulators saw.
//
// # What it reads
//
// Only the emulators' request logs and states, the config repo, and what the
// bot printed; never the bot's own store. What may be in force is said by a
// table that a person wrote for the script ([ParseVerdicts]), not by the code
// under test. The one thing it shares with the bot is package config, the
// language of the config repo.
//
// # What it holds
//
//   - Every first-parent commit of the config repo has a line in the table.
//   - Each assignment that is created, each group that is assigned to the
//     enterprise application or provisioned on demand, is desired by a good
//     commit at that time.
//   - Each assignment that is deleted was desired by a good commit before, is not
//     desired any more, and is not protected.
//   - Nothing is written in the management account.
//   - Each account that is invited or moved was made sso by a good commit, goes to
//     the OU of its file, and is invited in a phase that invites.
//   - No message says that a grant is live, or that it is gone, before the newest
//     complete listing of its account and permission set agreed.
//   - A request has one pull request, one root message, and one reply under each
//     key; a pull request has one comment of the bot at most.
//   - Clients can show every card in Teams, and none names a slash command.
//   - No secret is in a log, a message, a pull request or a request body.
//   - Once all is done, a further sync writes nothing.
//
// [Client] speaks the sandbox's control API, and [Text] says what a person
// reads in a message of Slack, and [CardText] in a card of Teams. [Messages] is what
// was said on both.
package scenario
