package whatif

import (
	"fmt"

	"aws-access-bot/config"
	"aws-access-bot/internal/gitops/impact"
	"aws-access-bot/internal/gitops/review"
)

// held says what an approved change will meet after the merge, as far as the
// config tells: what the base desires is taken for what the bot owns and is live.
func (o *Outlook) held(base, head *config.Repo, plan impact.Plan) {
	if f := plan.Foretold; f != nil {
		for _, h := range f.Holds {
			text := h.Sentence
			if !h.At.IsZero() {
				text = "from " + h.At.UTC().Format("2006-01-02 15:04 UTC") + " on, " + text
			}
			o.Held = append(o.Held, fmt.Sprintf("%s [%s]", text, h.Code))
		}
		o.Allow = f.AllowLines()
		o.Unknown = append(o.Unknown, f.Unknown...)
		if f.Undeclared != nil {
			o.Unknown = append(o.Unknown, "From this change on the bot removes what is live in AWS and no commit declares; what that is now is not known here: the pull request names it.")
		}
	}
	for _, a := range plan.Accounts {
		for _, set := range a.Last {
			o.Last = append(o.Last, fmt.Sprintf("The last assignment of %s in %s goes: the role disappears there, and has another name when it comes back.", set, review.AccountName(a.ID, base, head)))
		}
	}
}
