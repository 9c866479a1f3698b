package chat

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"aws-access-bot/internal/access"
)

// Limits of the file in a message: Slack takes 50 blocks, and 3,000 characters
// in one.
const (
	cliRunes  = 2600 // of one block
	cliBlocks = 30
)

// Small is a [Whisperer] whose messages hold less than Slack's.
type Small interface {
	// CodeBlocks is how many blocks of code of 2,600 characters one message holds
	// beside a few sentences. What is not said of them to fit is cut.
	CodeBlocks() int
}

// cli answers with one ~/.aws/config for all that a person may use, or for the
// accounts that he names.
func (d *Desk) cli(ctx context.Context, of string, by access.Asker, on access.Platform) (Message, error) {
	usable, waiting, err := d.Service.Usable(ctx, by.Person)
	if err != nil {
		return Message{}, err
	}
	place := d.place(ctx, access.Want{})
	if place.StartURL == "" {
		return Problem("The config in force names no AWS access portal.", "Ask the platform team for `identity_center.start_url`."), nil
	}
	f := CLIFile{Usable: usable, Waiting: waiting, Place: place, Blocks: cliBlocks}
	if s, ok := d.Whispers[on].(Small); ok {
		f.Blocks = s.CodeBlocks()
	}
	if of != "" && len(usable) > 0 {
		if f.Usable, f.Of = ofAccount(usable, of), of; len(f.Usable) == 0 {
			return Problem(fmt.Sprintf("None of the %d that you may use is in an account with %q in its name or number.", len(usable), clip(of, 40)), "`/aws-access cli` shows them all."), nil
		}
	}
	return CLIMessage(f), nil
}

// ofAccount are those in accounts whose handle, name or number has a word in it; where
// it is exactly that of some, only those.
func ofAccount(usable []access.Usable, word string) []access.Usable {
	in := func(fits func(name string) bool) []access.Usable {
		return slices.DeleteFunc(slices.Clone(usable), func(u access.Usable) bool {
			return !slices.ContainsFunc([]string{u.AccountSlug, u.AccountName, u.AccountID}, fits)
		})
	}
	if exact := in(func(name string) bool { return strings.EqualFold(name, word) }); len(exact) > 0 {
		return exact
	}
	return in(func(name string) bool { return strings.Contains(strings.ToLower(name), strings.ToLower(word)) })
}

// CLIFile is what a message with a ~/.aws/config is made of.
type CLIFile struct {
	Usable []access.Usable
	// Waiting counts what is granted and not set up yet.
	Waiting int
	Place   Place
	// Of is the account that it was narrowed to, "" for all.
	Of string
	// Blocks is how many pieces of it the message holds.
	Blocks int
}

// CLIMessage is the file, in pieces that belong one after the other. What does not
// fit is counted, and it says how to get that.
func CLIMessage(f CLIFile) Message {
	var notes []Block
	if f.Waiting > 0 && f.Of == "" {
		notes = append(notes, Note{{Text: fmt.Sprintf("%d more %s granted and not set up in AWS yet, so not in the file.", f.Waiting, are(f.Waiting))}})
	}
	if len(f.Usable) == 0 {
		m := said("You can use nothing in AWS by this bot now. `/aws-access request` asks for access.")
		m.Blocks = append(m.Blocks, notes...)
		return m
	}
	m := Message{Summary: fmt.Sprintf("~/.aws/config with %s", counted(len(f.Usable), "profile")), Blocks: []Block{f.lead()}}
	pieces, left := f.pieces()
	for _, piece := range pieces {
		m.Blocks = append(m.Blocks, Code(piece))
	}
	if len(left) > 0 {
		m.Blocks = append(m.Blocks, f.rest(left))
	}
	m.Blocks = append(append(m.Blocks, tryIt("--sso-session "+ssoSession, profileName(wantOf(f.Usable[0])))), notes...)
	return m
}

// lead says what is in the file. A session may stand in a file once.
func (f CLIFile) lead() Text {
	if f.Of != "" {
		return Text{
			{Text: fmt.Sprintf("The session, and a profile for each permission set that you may use now in accounts with %q in their name or number: %d. If your file has the session ", clip(f.Of, 40), len(f.Usable))},
			{Text: ssoSession, Code: true}, {Text: " already, leave it out."},
		}
	}
	return plain(fmt.Sprintf("One session, and a profile for each account and permission set that you may use now: %d.", len(f.Usable)))
}

// rest says how many profiles are left out, and how they are got: by account, or
// where one account is too much by itself, by hand.
func (f CLIFile) rest(left []access.Usable) Text {
	out := Text{{Text: fmt.Sprintf("⚠️ %s %s not fit into a message", counted(len(left), "more profile"), do(len(left)))}}
	if next := left[0].AccountSlug; f.Of == "" || next != f.Usable[0].AccountSlug {
		out = append(out, Span{Text: ", from the account " + next + " on: "}, Span{Text: "/aws-access cli " + next, Code: true}, Span{Text: " shows those of one account, or of all with a word in their name"})
	}
	return append(out, Span{Text: ". "}, Span{Text: "aws configure sso --profile NAME", Code: true}, Span{Text: " adds one after another; answer with the session " + ssoSession + "."})
}

// counted is a number of things.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func do(n int) string {
	if n == 1 {
		return "does"
	}
	return "do"
}

func are(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// wantOf is what a profile needs of access.
func wantOf(u access.Usable) access.Want {
	return access.Want{AccountID: u.AccountID, AccountSlug: u.AccountSlug, AccountName: u.AccountName, PermissionSet: u.PermissionSet}
}

// pieces writes the file, cut between profiles, and returns those that do not fit.
func (f CLIFile) pieces() (pieces []string, left []access.Usable) {
	piece := session(f.Place)
	for i, u := range f.Usable {
		one := "\n\n" + profileOnly(f.Place, wantOf(u))
		if len(piece)+len(one) > cliRunes {
			if pieces = append(pieces, piece); len(pieces) >= f.Blocks {
				return pieces, f.Usable[i:]
			}
			piece = ""
		}
		piece = strings.TrimPrefix(piece+one, "\n\n")
	}
	return append(pieces, piece), nil
}
