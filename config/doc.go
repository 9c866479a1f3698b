// Package config is the language of the config repo: its types, its strict
// reading, its validation, the assignments it desires, the change between two
// of its commits, and the edits the bot makes to it. It does no I/O beyond
// [io/fs.FS], knows no clock and no network, and everything in it is a pure
// function of its arguments.
//
// # Reading
//
// [Load] walks a file system and returns a [Repo], or every problem it found
// as [Problems], each with file, line, column and the mend. Files are read as
// YAML nodes and walked by hand, so that what a person sees is what the bot
// reads: no anchors, aliases, merge keys, tags, second documents, duplicate or
// unknown keys, control or invisible characters. A repo with a problem is
// invalid as a whole and is never used in part.
//
// A valid repo may still hold what is not meant: a rule that never decides,
// steps that nobody can meet, a name that nothing uses. [Lint] finds that;
// nothing of it makes a repo invalid.
//
// # Grants and assignments
//
// A [Grant] is a line of a group or user file. It makes one [Assignment] per
// account it names or selects. A grant with a duration begins when it was
// merged, which the repo cannot know: that is what [Starts] carries, by
// [GrantKey]. [Repo.Desired] is desired = f(repo, starts, now); where several
// grants make one assignment the latest end wins.
//
// # Change
//
// [Compare] gives the [Change] between two repos as reviewers approve it: in
// assignments with all files resolved, and in fields of the control plane.
// [Change.Fingerprint] is equal for equal changes, whatever the YAML looks
// like and whenever it is computed.
package config
