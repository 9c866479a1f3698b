package scenario

import (
	"encoding/json"
	"slices"
	"time"

	"aws-access-bot/config"
	"aws-access-bot/internal/sandbox/emukit"
)

// isAccountWrite reports whether an operation of Organizations is one of the two
// that the bot may make.
func isAccountWrite(op string) bool {
	return op == "InviteAccountToOrganization" || op == "MoveAccount"
}

// accountBody is the request of both.
type accountBody struct {
	AccountID     string `json:"AccountId"`
	DestinationID string `json:"DestinationParentId"`
	Target        struct {
		ID string `json:"Id"`
	}
}

// writeAccount wants a good commit that brings the account in: its file is sso
// there and was not at the first one. It is moved to the OU of the file, and
// invited only in a phase that invites.
func (c *checker) writeAccount(e emukit.Entry) error {
	var b accountBody
	if err := json.Unmarshal([]byte(e.Request), &b); err != nil {
		return err
	}
	id := b.AccountID
	if e.Op != "MoveAccount" {
		id = b.Target.ID
	}
	says := func(x epoch) bool {
		file, ok := sso(x.repo, id)
		if e.Op == "MoveAccount" {
			return ok && c.units()[b.DestinationID] == file.OU
		}
		return ok && x.repo.Access.Phase.Invites()
	}
	stood := false
	if len(c.epochs) > 0 {
		_, stood = sso(c.epochs[0].repo, id)
	}
	if stood || !slices.ContainsFunc(c.forces(e.Time), says) {
		c.add(RuleAccount, "%s of %s at %s: no good commit says so: %s", e.Op, id, e.Time.Format(time.TimeOnly), e.Request)
	}
	return nil
}

// sso is the file of an account that is managed.
func sso(repo *config.Repo, id string) (*config.Account, bool) {
	file, ok := repo.AccountByID(id)
	return file, ok && file.Stage == config.StageSSO
}

// units are the paths of OUs by id, as AWS listed them to the bot.
func (c *checker) units() map[string]string {
	type unit struct {
		ID   string `json:"Id"`
		Name string
	}
	out := map[string]string{}
	for _, e := range c.ev.Journal {
		var in struct {
			ParentID string `json:"ParentId"`
		}
		var list struct {
			Roots               []unit
			OrganizationalUnits []unit
		}
		if e.Op != "ListRoots" && e.Op != "ListOrganizationalUnitsForParent" || json.Unmarshal([]byte(e.Request), &in) != nil || json.Unmarshal([]byte(e.Response), &list) != nil {
			continue
		}
		for _, r := range list.Roots {
			out[r.ID] = "/"
		}
		for _, u := range list.OrganizationalUnits {
			above, known := out[in.ParentID]
			if !known {
				continue // its parent was not listed, so nobody knows where it is
			}
			if above == "/" {
				above = ""
			}
			out[u.ID] = above + "/" + u.Name
		}
	}
	return out
}
