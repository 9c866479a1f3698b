package chat

import (
	"context"
	"fmt"
	"strings"

	"aws-access-bot/internal/access"
)

// Limits of the file in a message: Slack takes 50 blocks, and 3,000 characters
// in one.
const (
	cliRunes  = 2600 // of one block
	cliBlocks = 30
)

// cli answers with one ~/.aws/config for all that a person may use.
func (d *Desk) cli(ctx context.Context, by access.Asker) (Message, error) {
	usable, waiting, err := d.Service.Usable(ctx, by.Person)
	if err != nil {
		return Message{}, err
	}
	place := d.place(ctx, access.Want{})
	if place.StartURL == "" {
		return Problem("The config in force names no AWS access portal.", "Ask the platform team for `identity_center.start_url`."), nil
	}
	return CLIMessage(usable, waiting, place), nil
}

// CLIMessage is the file, in pieces that belong one after the other. What does not
// fit is counted.
func CLIMessage(usable []access.Usable, waiting int, p Place) Message {
	var notes []Block
	if waiting > 0 {
		notes = append(notes, Note{{Text: fmt.Sprintf("%d more %s granted and not set up in AWS yet, so not in the file.", waiting, are(waiting))}})
	}
	if len(usable) == 0 {
		m := said("You can use nothing in AWS by this bot now. `/aws-access request` asks for access.")
		m.Blocks = append(m.Blocks, notes...)
		return m
	}
	m := Message{Summary: fmt.Sprintf("~/.aws/config with %d profiles", len(usable)), Blocks: []Block{
		plain(fmt.Sprintf("One session, and a profile for each account and permission set that you may use now: %d.", len(usable))),
	}}
	pieces, left := cliPieces(usable, p)
	for _, piece := range pieces {
		m.Blocks = append(m.Blocks, Code(piece))
	}
	if left > 0 {
		m.Blocks = append(m.Blocks, Text{{Text: fmt.Sprintf("⚠️ %d more profiles do not fit into a message. ", left)}, {Text: "aws configure sso --profile NAME", Code: true}, {Text: " adds one after another; answer with the session aws-access."}})
	}
	return Message{Summary: m.Summary, Blocks: append(append(m.Blocks, tryIt("--sso-session "+ssoSession, profileName(wantOf(usable[0])))), notes...)}
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

// cliPieces writes the file, cut between profiles, and counts those that do not
// fit.
func cliPieces(usable []access.Usable, p Place) (pieces []string, left int) {
	piece := session(p)
	for i, u := range usable {
		one := "\n\n" + profileOnly(p, wantOf(u))
		if len(piece)+len(one) > cliRunes {
			if pieces = append(pieces, piece); len(pieces) == cliBlocks {
				return pieces, len(usable) - i
			}
			piece = ""
		}
		piece = strings.TrimPrefix(piece+one, "\n\n")
	}
	return append(pieces, piece), 0
}
