package gitops

import (
	"fmt"
	"slices"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops/impact"
	"aws-access-bot/internal/gitops/review"
)

// maxNames is how many people or groups one list names.
const maxNames = 50

// commentText is the body of the comment on a pull request, without marker. It
// says nothing of approvals, which the check does, so that it is written when
// the meaning of the change is another one and not with every review.
func (x *examined) commentText() string {
	if x.plan == nil {
		return "### What this changes\n\nNothing can be said of the head " + code(short(x.pull.HeadSHA)) + ": see the check " + code(CheckName) + ".\n"
	}
	var b strings.Builder
	b.WriteString("### What this changes\n\n")
	x.writeCommentRefusals(&b)
	if x.void {
		return x.spoken.whole(b.String()) // a plan of it would not be true
	}
	writeObjections(&b, x.objections, "####")
	x.writeAlike(&b)
	x.writeHandles(&b)
	if len(x.change.Control) > 0 {
		fmt.Fprintf(&b, "Fields of the control plane change too: %d, listed in the check.\n\n", len(x.change.Control))
	}
	x.writeSets(&b, "####")
	x.writeRules(&b, "####")
	var rest strings.Builder
	x.writeForetold(&rest, "####")
	x.writeFiles(&rest, "####")
	b.WriteString(x.planFor(maxComment - b.Len() - rest.Len() - maxLink))
	b.WriteString(rest.String())
	fmt.Fprintf(&b, "The check `%s` says who may approve, and has this too where it fits; people can edit comments, but not the check.\n", CheckName)
	return x.spoken.whole(b.String())
}

func (x *examined) writeCommentRefusals(b *strings.Builder) {
	if len(x.verdict.Refused) > 0 {
		b.WriteString("#### Refused, whoever approves\n\n")
		for _, f := range x.verdict.Refused {
			fmt.Fprintf(b, "- %s (`%s`)\n", x.spoken.prose(f.Sentence), f.Code)
		}
		b.WriteString("\n")
	}
	for _, f := range x.faults {
		fmt.Fprintf(b, "**%s** (`%s`)\n\n", x.spoken.prose(f.text), f.code)
	}
}

// planText is the plan in words: by account, then who the groups are.
func (x *examined) planText() string {
	if x.plan == nil {
		return ""
	}
	var b strings.Builder
	if len(x.plan.Accounts) == 0 {
		b.WriteString(x.noEffect())
	}
	x.writeMovedOn(&b)
	for _, a := range x.plan.Accounts {
		fmt.Fprintf(&b, "#### %s\n\n", code(review.AccountName(a.ID, x.base, x.head)))
		for _, e := range slices.Concat(a.Gains, a.Loses) {
			x.writeEffect(&b, e)
		}
		for _, set := range a.Last {
			b.WriteString(lastText(set))
		}
		b.WriteString("\n")
	}
	x.writeRosters(&b)
	return b.String()
}

// writeMovedOn says of which config the plan is where a merge queue takes a head
// that the branch has left behind.
func (x *examined) writeMovedOn(b *strings.Builder) {
	switch {
	case !x.diverged || x.behind || x.restore != nil || len(x.plan.Accounts) == 0:
	case x.movedOn():
		fmt.Fprintf(b, "> The head left the branch at %s, and the branch has moved on. Who has the same another way, and which roles disappear, is told of what is in force now with this change.\n\n", code(short(x.leftSHA)))
	default:
		fmt.Fprintf(b, "> **The head left the branch at %s, and the branch has moved on.** While the bot stands still, all this is told of that commit with this change: who has the same another way, and which roles disappear, may be otherwise after the merge.\n\n", code(short(x.leftSHA)))
	}
}

// effectWords are the words of an effect: what happens to people, and to those who have the same
// by another principal.
func effectWords(k impact.Kind) (people, others string) {
	switch k {
	case impact.Added:
		return "gain it", "have it another way too"
	case impact.Lengthened:
		return "have it longer", "have it another way too"
	case impact.Shortened:
		return "have it shorter", "have it another way too"
	default:
		return "lose it", "keep it another way"
	}
}

func (x *examined) writeEffect(b *strings.Builder, e impact.Effect) {
	a := e.Change.Assignment
	fmt.Fprintf(b, "- **%s** %s for %s", e.Kind, code(a.PermissionSet), code(x.principal(a.Principal)))
	switch {
	case e.Change.Old != nil && e.Change.New != nil:
		fmt.Fprintf(b, ", %s, was %s", termCell(e.Change.New), termCell(e.Change.Old))
	case e.Change.New != nil:
		fmt.Fprintf(b, ", %s", termCell(e.Change.New))
	case e.Change.Old != nil:
		fmt.Fprintf(b, ", was %s", termCell(e.Change.Old))
	}
	switch {
	case e.Unread:
		b.WriteString(". **Who is in it could not be read from Entra.**\n")
	case e.Gone:
		fmt.Fprintf(b, ". **The %s does not exist in Entra.**\n", a.Principal.Kind)
	default:
		b.WriteString(". " + x.headcount(e) + "\n")
		x.writeElse(b, e)
	}
	x.writeNested(b, e)
}

// headcount says how many people it is about, and how many of them are guests
// or disabled: in a long list nobody would count them.
func (x *examined) headcount(e impact.Effect) string {
	verb, _ := effectWords(e.Kind)
	var sure, guests, disabled, nameless int
	perhaps := false
	for _, p := range e.People {
		switch {
		case !p.Enabled && e.Gains():
			disabled++
		case len(p.Else)+len(p.Maybe) > 0:
			perhaps = perhaps || len(p.Else) == 0
		default:
			sure++
			if p.Guest {
				guests++
			}
			if p.Lacks != "" {
				nameless++
			}
		}
	}
	text := ""
	switch {
	case len(e.People) == 0:
		return "Nobody is in it now."
	case sure == 0 && perhaps:
		text = "Nobody is known for sure to " + verb
	case sure == 0:
		text = "Nobody will " + verb
	case sure == 1:
		text = "1 person will " + verb
	default:
		text = fmt.Sprintf("%d people will %s", sure, verb)
	}
	if e.Gains() && guests > 0 {
		text += ", **of these " + counted(guests, "guest") + "**"
	}
	if text += "."; disabled > 0 {
		text += fmt.Sprintf(" **%d disabled** in Entra: nothing gained now, but once enabled again.", disabled)
	}
	if e.Gains() && nameless > 0 {
		text += fmt.Sprintf(" **%d without the names that AWS wants** (given name, surname, display name): nothing gained unless provisioning fills them in.", nameless)
	}
	return text
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// writeElse names those who have the same another way, and by which.
func (x *examined) writeElse(b *strings.Builder, e impact.Effect) {
	_, verb := effectWords(e.Kind)
	list := func(words string, of func(impact.Person) []config.Principal) {
		var names []string
		for _, p := range e.People {
			if by := of(p); len(by) > 0 {
				names = append(names, code(personName(p))+" ("+code(x.principals(by))+")")
			}
		}
		if len(names) > 0 {
			fmt.Fprintf(b, "  - %s: %s\n", words, listed(names))
		}
	}
	list("These "+verb, func(p impact.Person) []config.Principal { return p.Else })
	list("Perhaps these "+verb+", by groups that could not be read", func(p impact.Person) []config.Principal {
		if len(p.Else) > 0 {
			return nil
		}
		return p.Maybe
	})
}

func (x *examined) writeNested(b *strings.Builder, e impact.Effect) {
	if e.NestedUnread {
		b.WriteString("  - Whether groups are members of it could not be read from Entra; their members would get nothing.\n")
	}
	if len(e.Nested) == 0 {
		return
	}
	names := make([]string, len(e.Nested))
	for i, n := range e.Nested {
		names[i] = code(n)
	}
	fmt.Fprintf(b, "  - **Get nothing:** members of %s. These groups are members of the group, and provisioning from Entra follows direct members only.\n", listed(names))
}

// writeRosters names the people behind each principal once: the members of
// groups, and the users who gain by themselves.
func (x *examined) writeRosters(b *strings.Builder) {
	said := map[config.Principal]bool{}
	for _, e := range x.gainsFirst() {
		who := e.Change.Assignment.Principal
		if said[who] || len(e.People) == 0 || e.Gone || who.Kind != config.GroupPrincipal && !e.Gains() {
			continue
		}
		if len(said) == 0 {
			b.WriteString("#### People\n\n")
		}
		said[who] = true
		fmt.Fprintf(b, "- %s: %s\n", code(x.principal(who)), roster(e))
	}
	if len(said) > 0 {
		b.WriteString("\n")
	}
}

// roster lists the people of an effect, those with a mark first. Where they
// gain none of these is left out, however many they are: what an approver would
// object to must not stand beyond the end of the list.
func roster(e impact.Effect) string {
	var marked, plain []string
	for _, p := range e.People {
		name, mark := code(personName(p)), marks(p)
		if mark != "" {
			marked = append(marked, name+mark)
		} else {
			plain = append(plain, name)
		}
	}
	show := maxNames
	if e.Gains() {
		show = max(show, len(marked))
	}
	return listedTo(append(marked, plain...), show)
}

// gainsFirst are the effects of the plan: of who gains more is known and shown.
func (x *examined) gainsFirst() []impact.Effect {
	var gains, loses []impact.Effect
	for _, a := range x.plan.Accounts {
		gains, loses = append(gains, a.Gains...), append(loses, a.Loses...)
	}
	return append(gains, loses...)
}

// personName names somebody by name and address; the address tells people of
// one name apart.
func personName(p impact.Person) string {
	switch {
	case p.Name == "":
		return strings.TrimSpace(p.Email + " " + p.Entra)
	case p.Email == "" || p.Email == p.Name:
		return p.Name
	default:
		return p.Name + ", " + p.Email
	}
}

func marks(p impact.Person) string {
	text := ""
	if !p.Enabled {
		text += " **disabled**"
	}
	if p.Guest {
		text += " **guest**"
	}
	if p.Lacks != "" {
		text += fmt.Sprintf(" **without %s**", p.Lacks)
	}
	if p.Unread {
		text += ", **whether a guest or disabled could not be read from Entra**"
	}
	if p.Renamed != "" {
		text += fmt.Sprintf(", **called %s in Entra, not %s**", code(p.UPN), code(p.Renamed))
	}
	return text
}

func (x *examined) principal(p config.Principal) string {
	for _, r := range []*config.Repo{x.head, x.from, x.base} {
		if r == nil {
			continue
		}
		if _, known := r.PrincipalFile(p); known {
			return review.PrincipalName(p, nil, r)
		}
	}
	return p.String()
}

func (x *examined) principals(list []config.Principal) string {
	names := make([]string, len(list))
	for i, p := range list {
		names[i] = x.principal(p)
	}
	return strings.Join(names, ", ")
}

// listed joins names, which are escaped already, and counts those left out.
func listed(names []string) string { return listedTo(names, maxNames) }

func listedTo(names []string, show int) string {
	if len(names) <= show {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:show], ", "), len(names)-show)
}
