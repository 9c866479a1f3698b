package awsemu

import "fmt"

type shakeFilter struct{ ActionType, ParentHandshakeId string }

type listShakesIn struct {
	Filter shakeFilter
	page
}

func (in *listShakesIn) check(v *checks) {
	v.enum("filter.actionType", in.Filter.ActionType, false, actionInvite, actionEnable, actionApprove, "ADD_ORGANIZATIONS_SERVICE_LINKED_ROLE", "TRANSFER_RESPONSIBILITY")
	v.optional("filter.parentHandshakeId", in.Filter.ParentHandshakeId, shapeHandshake)
	v.checkPage(in.page, 20, shapeOrgToken)
}

type listShakesOut struct {
	Handshakes []wireHandshake
	NextToken  string `json:",omitempty"`
}

// listShakes lists the handshakes that keep lets through, newest first.
func (s *Server) listShakes(c *call, in *listShakesIn, keep func(*handshake) bool) (out listShakesOut, err error) {
	f := in.Filter
	if f.ActionType != "" && f.ParentHandshakeId != "" {
		return out, invalidReason("MAX_FILTER_LIMIT_EXCEEDED", "You can specify only one filter parameter for the operation.")
	}
	var items []*handshake
	for _, h := range s.org.handshakes {
		if keep(h) && (f.ActionType == "" || h.action == f.ActionType) && (f.ParentHandshakeId == "" || h.parent == f.ParentHandshakeId) {
			items = append(items, h)
		}
	}
	shown, next, err := orgPage(s, listing[*handshake]{
		items: items, key: shakeKey, scope: scopeOf(c.op, c.accountID, f.ActionType, f.ParentHandshakeId),
	}, in.page)
	out.Handshakes, out.NextToken = []wireHandshake{}, next
	for _, h := range shown {
		out.Handshakes = append(out.Handshakes, s.wireHandshake(h))
	}
	return out, err
}

// shakeKey orders handshakes from the newest to the oldest.
func shakeKey(h *handshake) string { return fmt.Sprintf("%012d", 1_000_000_000-h.serial) }

func listHandshakesForOrganization(s *Server, c *call, in *listShakesIn) (listShakesOut, error) {
	return s.listShakes(c, in, func(*handshake) bool { return true })
}

func listHandshakesForAccount(s *Server, c *call, in *listShakesIn) (listShakesOut, error) {
	return s.listShakes(c, in, s.recipient(c))
}
