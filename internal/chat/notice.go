package chat

import (
	"fmt"
	"strings"

	"aws-access-bot/config"
	"aws-access-bot/internal/access"
)

// Reply is the thread reply for a notice about r.
func Reply(n access.Notice, r access.Request, p Place) Message {
	if aboutCutover(n) {
		return CutoverMessage(n, whoIsIn(n, r, p))
	}
	m := Message{Summary: fmt.Sprintf("%s: %s", r.ID, noticeLine(n, r))}
	m.Blocks = append(m.Blocks, replyLead(n, r, p))
	if n.Text != "" && n.Kind != access.NoticeJoined && n.Kind != access.NoticeApproved && n.Kind != access.NoticeExtended {
		m.Blocks = append(m.Blocks, plain(n.Text))
	}
	switch n.Kind {
	case access.NoticeMerged:
		if p.Auto != "" && byItself(r) {
			m.Blocks = append(m.Blocks, Note{{Text: p.Auto}})
		}
	case access.NoticeLive:
		m.Blocks = append(m.Blocks, use(r, p)...)
	case access.NoticeDone:
		if r.Kind == access.KindPhase {
			m.Blocks = append(m.Blocks, phaseRules(r.Want.Phase)...)
		}
		if r.Kind == access.KindOnboard {
			m.Blocks = append(m.Blocks, firstSignIn(r, p)...)
		}
	case access.NoticeEnded:
		m.Blocks = append(m.Blocks, Note{{Text: "Sessions that are already open can go on until they run out" + sessionHint(p) + "."}})
	case access.NoticeEnding:
		m.Blocks = append(m.Blocks, howToExtend(r, p)...)
	case access.NoticeStopped:
		if b := onboardButtons(r); b != nil {
			m.Blocks = append(m.Blocks, b)
		}
	}
	return m
}

// byItself reports whether a grant was merged by an App with nobody's approval:
// the bot merges only what needs no more.
func byItself(r access.Request) bool {
	return r.Kind == access.KindGrant && strings.HasSuffix(r.MergedBy, "[bot]") && len(r.ApprovedBy) == 0
}

func sessionHint(p Place) string {
	if p.Session == "" {
		return " (12h at most, which is AWS's limit)"
	}
	return " (" + p.Session + " at most)"
}

// replyLead mentions the asker where it is the asker who should act or know,
// and the owners where it is they.
func replyLead(n access.Notice, r access.Request, p Place) Text {
	t := Text{{Text: noticeIcon(n.Kind) + " "}}
	switch {
	case forAskers(n.Kind, r):
		t = append(append(t, askedBy(r)...), Span{Text: " "})
	case n.Kind == access.NoticeGrown:
		for _, o := range p.Owners {
			t = append(t, ownerAt(o, r), Span{Text: " "})
		}
	}
	t = append(t, Span{Text: noticeLine(n, r)})
	if n.Kind == access.NoticeEnding && !r.End.IsZero() {
		t = append(t, Span{Text: " "}, Span{At: r.End})
	}
	return t
}

// forAskers reports whether a notice is one that those who asked should know or act on.
func forAskers(k access.NoticeKind, r access.Request) bool {
	switch k {
	case access.NoticeLive, access.NoticeRefused, access.NoticeClosed, access.NoticeVoid, access.NoticeHalted, access.NoticeEnding, access.NoticeEnded, access.NoticeLinked,
		access.NoticeInvited, access.NoticeReminder, access.NoticeStopped, access.NoticeDone:
		return true
	case access.NoticeApproved:
		return !r.BotMerges
	default:
		return false
	}
}

// ownerAt mentions an owner in a message of a request.
func ownerAt(o Owner, r access.Request) Span {
	who := Span{User: o.User, Text: o.Name}
	if o.User.Platform == r.Asker.Chat.Platform && o.User.Team != r.Asker.Chat.Team {
		who.User = access.ChatUser{} // nobody there, where the message is
	}
	return who
}

func noticeIcon(k access.NoticeKind) string {
	switch k {
	case access.NoticeLive, access.NoticeLinked, access.NoticeDone:
		return "✅"
	case access.NoticeInvited:
		return "✉️"
	case access.NoticeStopped:
		return "🛑"
	case access.NoticeApproved:
		return "👍"
	case access.NoticeMerged:
		return "🔀"
	case access.NoticeHalted, access.NoticeRefused, access.NoticeOps:
		return "🛑"
	case access.NoticeTrouble, access.NoticeGrown:
		return "⚠️"
	case access.NoticeEnding, access.NoticeReminder:
		return "⏰"
	case access.NoticeExtended:
		return "⏩"
	case access.NoticeEnded:
		return "⏹️"
	default:
		return "ℹ️"
	}
}

// noticeLine is the sentence of a notice.
func noticeLine(n access.Notice, r access.Request) string {
	what := subject(r)
	switch n.Kind {
	case access.NoticeJoined:
		return n.Text + " asked for the same and has joined this request. Their approval of it does not count; if nobody else can approve it, cancel it and ask again."
	case access.NoticeApproved:
		return approvedLine(n, r)
	case access.NoticeMerged:
		by := r.MergedBy
		if by == "" {
			by = "somebody"
		}
		if len(r.ApprovedBy) > 0 {
			by += ", approved by " + strings.Join(r.ApprovedBy, ", ")
		}
		return fmt.Sprintf("Merged by %s. What was merged is being verified.", by)
	case access.NoticeLive:
		return what + " is live. " + membersLine(r)
	case access.NoticeLinked:
		return linkedLine(r)
	case access.NoticeInvited, access.NoticeReminder, access.NoticeMember, access.NoticePlaced, access.NoticeStopped:
		return onboardLine(n, r)
	case access.NoticeDone:
		return done(r) + "."
	case access.NoticeRefused:
		return "This cannot be proposed."
	case access.NoticeClosed:
		return "The pull request was closed without merging; " + nothing(r) + "."
	case access.NoticeVoid:
		return "Merged and verified, but it grants nothing."
	case access.NoticeHalted:
		return "What was merged could not be verified, so nothing was changed."
	case access.NoticeUndone:
		return "A later commit undid this merge; " + nothing(r) + "."
	case access.NoticeTrouble:
		return "Something holds this up:"
	case access.NoticeGrown:
		return "The owners should look at who has this by now:"
	case access.NoticeEnding:
		return what + " ends at"
	case access.NoticeExtended:
		return "This goes on by " + n.Text + " after its end; nothing is removed in between."
	case access.NoticeEnded:
		if n.Text != "" {
			return what + " has ended."
		}
		return what + " has ended and is removed; AWS no longer lists it."
	case access.NoticeOps:
		return "The platform team should look at this:"
	default:
		return string(n.Kind)
	}
}

func membersLine(r access.Request) string {
	if r.Want.Principal.Kind == config.UserPrincipal {
		return "Only " + r.Want.PrincipalName + " has it."
	}
	if r.MembersTotal == 0 {
		return strings.TrimSpace("The group has no direct members yet. " + r.Warning)
	}
	s := fmt.Sprintf("%d of %d members of the group were seen in Identity Center.", r.MembersSeen, r.MembersTotal)
	if r.MembersSeen < r.MembersTotal {
		if r.Absent != "" {
			s += " " + r.Absent
		}
		s += " The rest may follow with the next regular sync, in about 40 minutes; somebody without a given name, surname or display name in Entra never does."
	}
	return strings.TrimSpace(s + " " + r.Warning)
}

// OpsMessage is a message to the operations channel.
func OpsMessage(n access.Notice) Message {
	m := Message{Summary: n.Text, Blocks: []Block{Text{{Text: noticeIcon(access.NoticeOps) + " "}, {Text: noticeLine(n, access.Request{}), Bold: true}}, plain(n.Text)}}
	m.Blocks = append(m.Blocks, waitingButtons(n.Waiting)...)
	return m
}
