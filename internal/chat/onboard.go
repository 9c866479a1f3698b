package chat

import (
	"context"
	"fmt"
	"strings"

	"aws-access-bot/internal/access"
)

// OnboardForm names the form that brings an account in.
const OnboardForm = "onboard"

// OnboardLine is what an onboard line says; empty members were not given.
type OnboardLine struct {
	Account, Name, OU string
	Owners            []string
	// Again takes up an onboarding that has stopped.
	Again bool
}

// Complete reports whether the line needs no form: who owns an account is
// nobody's guess.
func (l OnboardLine) Complete() bool { return l.Account != "" && len(l.Owners) > 0 }

// OnboardText is the command line of the command that is for onboarding alone.
func OnboardText(text string) string { return strings.TrimSpace("onboard " + text) }

// parseOnboard reads "<account> [/OU] [owner …] [name]" or "<account> again". A
// path is the OU, what has an @ or begins with "team:" an owner, with commas or
// spaces between them; all other words are the name.
func parseOnboard(words []string) (OnboardLine, error) {
	var l OnboardLine
	if len(words) == 0 {
		return l, nil
	}
	n := leadingDigits(words)
	l.Account, words = strings.Join(words[:n], ""), words[n-1:]
	if len(words) == 2 && strings.EqualFold(words[1], "again") {
		l.Again = true
		return l, nil
	}
	var name []string
	for _, w := range words[1:] {
		switch {
		case strings.HasPrefix(w, "/") && l.OU == "":
			l.OU = w
		case strings.HasPrefix(w, "/"):
			return l, &UsageError{"An account has one OU.", "Write `onboard <account-id> /Workloads/Prod yuki@example.com`, or use the form for an OU whose name has spaces."}
		case strings.Contains(w, "@") || strings.HasPrefix(w, "team:"):
			l.Owners = append(l.Owners, splitOwners(w)...)
		default:
			name = append(name, w)
		}
	}
	l.Name = strings.Join(name, " ")
	return l, nil
}

// leadingDigits is how many words a line begins with that are one number written
// in groups, "1111 2222 3333", and at least one.
func leadingDigits(words []string) int {
	digits := 0
	for i, w := range words {
		if strings.Trim(w, "0123456789") != "" || digits+len(w) > 12 {
			return max(i, 1)
		}
		digits += len(w)
	}
	return len(words)
}

// splitOwners reads a list with commas, of which Slack may have written an address
// as <mailto:a@example.com|a@example.com>.
func splitOwners(list string) []string {
	var out []string
	for _, o := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == '\n' || r == ' ' }) {
		out = append(out, plainAddress(o))
	}
	return out
}

// OnboardFormFor returns the form with what a line already said.
func OnboardFormFor(l OnboardLine, channel string) Form {
	return Form{
		ID: OnboardForm, Private: channel, Title: "Onboard an account", Submit: "Ask",
		Intro: plain("This opens a pull request with the account's file and its baseline. Nobody is invited and nothing is moved before it is approved and merged."),
		Inputs: []Input{
			{ID: FieldAccount, Kind: InputLine, Label: "AWS account", Hint: "Its number of 12 digits.", MaxLength: 100, Initial: l.Account},
			{ID: access.FieldName, Kind: InputLine, Label: "Name", Hint: "As people know it. Empty takes the name in AWS, which an account outside of the Organization does not tell.", Optional: true, MaxLength: 50, Initial: l.Name},
			{ID: access.FieldOU, Kind: InputChoice, Label: "Organizational unit", Hint: "Where it is moved. Empty takes onboarding.ou.", Placeholder: "/Workloads", Optional: true, Initial: l.OU, InitialLabel: l.OU},
			{ID: access.FieldOwners, Kind: InputChoices, Label: "Owners", Hint: "People and teams who approve access to it.", Placeholder: "Address or team", Initial: strings.Join(l.Owners, ",")},
		},
	}
}

// onboardForm is the answer to a line that needs the form, with the name that
// AWS has of the account. What cannot be found out in time is left to be typed.
func (d *Desk) onboardForm(ctx context.Context, u access.ChatUser, channel string, l OnboardLine) (Form, bool) {
	if l.Complete() || l.Again {
		return Form{}, false
	}
	if _, err := d.Known(ctx, u); err == nil && l.Name == "" {
		l.Name = d.Service.AccountTitle(ctx, l.Account) // names are for members only
	}
	return OnboardFormFor(l, channel), true
}

// onboardAsk reads what was typed into the form.
func (d *Desk) onboardAsk(s Submission, asker access.Asker, key string) access.OnboardAsk {
	return access.OnboardAsk{
		Key: key, Asker: asker, Channel: d.Channel[s.User.Platform], Origin: s.Channel,
		Account: s.Values[FieldAccount], Name: s.Values[access.FieldName], OU: s.Values[access.FieldOU], Owners: splitOwners(s.Values[access.FieldOwners]),
	}
}

func (d *Desk) onboard(ctx context.Context, l OnboardLine, by access.Asker, in access.Inbound) (Message, error) {
	switch {
	case l.Again:
		r, err := d.Service.OnboardAgain(ctx, by.Person, l.Account)
		if err != nil {
			return Message{}, err
		}
		return takenUp(r), nil
	case l.Account == "":
		return Message{}, &UsageError{"For which account?", "Write `/aws-onboard <account-id>`; `/aws-onboard` alone opens the form."}
	}
	a, err := d.Service.Onboard(ctx, access.OnboardAsk{
		Key: in.Key, Asker: by, Channel: d.Channel[in.User.Platform], Origin: in.Channel,
		Account: l.Account, Name: l.Name, OU: l.OU, Owners: l.Owners,
	})
	if err != nil {
		return Message{}, err
	}
	return Accepted(a), nil
}

// takenUp answers who takes an onboarding up again.
func takenUp(r access.Request) Message {
	const what = "The onboarding goes on: the bot looks at the account again and invites it once more if it has to."
	m := Message{Summary: what, Blocks: []Block{plain(what)}}
	if r.ID != "" {
		m.Blocks = append(m.Blocks, follow(r))
	}
	return m
}

// onboardAccepted is the private answer to an accepted onboarding.
func onboardAccepted(a access.Asked) Message {
	r := a.Request
	what := fmt.Sprintf("%s: the pull request that brings %s (%s) in is being made.", r.ID, r.Want.AccountName, r.Want.AccountID)
	m := Message{Summary: what, Blocks: []Block{append(plain(what+" "), follow(r)...)}}
	if o := r.Want.Onboard; o != nil && !o.Member {
		m.Blocks = append(m.Blocks, Note{{Text: "The account is outside of the Organization. It is invited once the pull request is merged; its owner has to accept."}})
	}
	if a.Warning != "" {
		m.Blocks = append(m.Blocks, Text{{Text: "⚠️ "}, {Text: a.Warning}})
	}
	return m
}

// onboardJoined is the private answer to who asked for an account that is asked
// for already.
func onboardJoined(a access.Asked) Message {
	r := a.Request
	what := fmt.Sprintf("%s asked for this account in %s before: %s (%s) into %s. You have joined that request. ", r.Asker.Name, r.ID, r.Want.AccountName, r.Want.AccountID, r.Want.OU)
	return Message{Summary: what, Blocks: []Block{
		append(plain(what), followThere(r)...),
		Note{{Text: "What was asked for first stands, also where you wrote another OU or other owners. Since you want it too, your approval of it does not count. If it is wrong, who asked first can cancel it ("}, {Text: "/aws-access cancel " + string(r.ID), Code: true}, {Text: ")."}},
	}}
}

// onboardFacts are the two-column part of an onboarding.
func onboardFacts(r access.Request) Fields {
	w := r.Want
	f := Fields{
		{"Asked by", askedBy(r)},
		{"Account", plain(fmt.Sprintf("%s (%s)", w.AccountName, w.AccountID))},
		{"OU", plain(w.OU)},
	}
	if o := w.Onboard; o != nil {
		f = append(f, Field{"Owners", plain(strings.Join(o.Owners, ", "))}, Field{"Organization", plain(membership(o))})
	}
	return f
}

// membership says how the account stood when it was asked for.
func membership(o *access.Onboarding) string {
	switch {
	case !o.Member:
		return "outside; has to be invited"
	case o.From == o.OU:
		return "a member, in its OU"
	case o.From == "":
		return "a member"
	default:
		return "a member, in " + o.From
	}
}

// onboardSteps are the stages of an onboarding. One that is a member needs no
// invitation, and one that was invited all the same shows it.
func onboardSteps(r access.Request) []stageLabel {
	list := linkedSteps()
	_, invited := r.At(access.StageInvited)
	_, joined := r.At(access.StageJoined)
	if o := r.Want.Onboard; invited || joined || o != nil && !o.Member {
		list = append(list, stageLabel{access.StageInvited, "Invited"}, stageLabel{access.StageJoined, "Member of the Organization"})
	}
	baseline := "Baseline set up and read back"
	if r.Lacks {
		baseline = "What it is given of the baseline read back"
	}
	return append(list, stageLabel{access.StagePlaced, "In its OU"}, stageLabel{access.StageBaseline, baseline})
}

// onboardHeadline says how far the account is.
func onboardHeadline(r access.Request) string {
	last := "Verified; being brought in"
	for _, s := range []struct {
		stage access.Stage
		words string
	}{
		{access.StageInvited, "Invited: waiting for the owner of the account"},
		{access.StageJoined, "A member; being moved to its OU"},
		{access.StagePlaced, "In its OU; the baseline is being set up"},
		{access.StageBaseline, "In its OU, with its baseline; its IAM users are being counted"},
	} {
		if _, ok := r.At(s.stage); ok {
			last = s.words
		}
	}
	return last
}

// onboardLine is the sentence of a notice about an account.
func onboardLine(n access.Notice, r access.Request) string {
	name := r.Want.AccountName
	switch n.Kind {
	case access.NoticeInvited:
		if at, _ := r.At(access.StageInvited); at.Before(r.Times[access.StageAsked]) {
			return "An invitation to " + name + " was sent before this was asked for, and is still open."
		}
		return "An invitation was sent to the owner of " + name + "."
	case access.NoticeReminder:
		return "The invitation to " + name + " is still open."
	case access.NoticeMember:
		return name + " is a member of the Organization."
	case access.NoticePlaced:
		return name + " is in its OU, " + r.Want.OU + "."
	default:
		return "The onboarding of " + name + " has stopped:"
	}
}

// signInSets is how many permission sets of an account have a link.
const signInSets = 5

// firstSignIn is how the people of the baseline come into an account that was
// brought in: the portal, a link for each permission set, and a profile to try.
func firstSignIn(r access.Request, p Place) []Block {
	if p.StartURL == "" || len(p.Sets) == 0 {
		return nil
	}
	t := Text{{Text: "Sign in, for the groups of the baseline: "}, {Text: "AWS access portal", URL: p.StartURL}}
	w := r.Want
	for _, set := range p.Sets[:min(len(p.Sets), signInSets)] {
		w.PermissionSet = set
		t = append(t, Span{Text: " · "}, Span{Text: w.AccountName + " as " + set, URL: deepLink(p, w)})
	}
	w.PermissionSet = p.Sets[0]
	return []Block{t, Code(profile(p, w)), append(tryIt("--profile "+profileName(w), profileName(w)),
		Span{Text: " "}, Span{Text: "/aws-access cli", Code: true}, Span{Text: " gives one file for everything that you may use."})}
}

// ActionAgain takes an onboarding up again that has stopped; its value is the
// number of the account.
const ActionAgain = "onboard_again"

// onboardButtons are those of an onboarding beside what every open pull request
// has: none where inviting again is of no use.
func onboardButtons(r access.Request) Buttons {
	if r.State != access.StateStopped || !r.Retry {
		return nil
	}
	return Buttons{{Action: ActionAgain, Value: r.Want.AccountID, Label: "Invite again", Main: true}}
}

// waitingButtons are those of some accounts that wait, with their names: what is
// said of them stands apart.
func waitingButtons(list []access.NoticeAccount) []Block {
	var out []Block
	for i, a := range list {
		if i == boardWaits {
			return append(out, Note{{Text: fmt.Sprintf("And %d more: `/aws-onboard <account-id>` begins it.", len(list)-i)}})
		}
		b := OnboardButton(a.ID)
		b.Label = fmt.Sprintf("Onboard %s (…%s)", clip(strings.Join(strings.Fields(a.Name), " "), onboardName), access.LastFour(a.ID))
		out = append(out, Buttons{b})
	}
	return out
}

// onboardName is how many characters of a name stand on a button.
const onboardName = 40

// OnboardButton opens the form for an account that waits for onboarding.
func OnboardButton(account string) Button {
	return Button{Action: ActionOnboard, Value: account, Label: "Onboard", Opens: true}
}
