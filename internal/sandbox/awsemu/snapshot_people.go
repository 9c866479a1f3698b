package awsemu

import (
	"maps"
	"slices"
	"time"
)

// HandshakeState is a handshake.
type HandshakeState struct {
	ID string `json:"id"`
	// Action is INVITE, ENABLE_ALL_FEATURES or APPROVE_ALL_FEATURES.
	Action string `json:"action"`
	// Target is the recipient as the sender named it: an account or an e-mail
	// address; empty for ENABLE_ALL_FEATURES.
	Target string `json:"target,omitempty"`
	// Account is the account that may answer, if there is one.
	Account string    `json:"account,omitempty"`
	State   string    `json:"state"`
	Sent    time.Time `json:"sent"`
	Expires time.Time `json:"expires"`
	Over    time.Time `json:"over,omitzero"` // zero while it waits
	Notes   string    `json:"notes,omitempty"`
	Parent  string    `json:"parent,omitempty"`
}

// CreationState is an account that was asked for with CreateAccount.
type CreationState struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	State   string    `json:"state"`
	Reason  string    `json:"reason,omitempty"`
	Account string    `json:"account,omitempty"`
	Asked   time.Time `json:"asked"`
}

// IAMState are the IAM users of one account, by name.
type IAMState struct {
	Account string    `json:"account"`
	Users   []IAMUser `json:"users"`
}

func (s *Server) stateHandshakes(st *State) {
	for _, h := range s.org.handshakes {
		x := HandshakeState{
			ID: h.id, Action: h.action, Target: h.target, State: h.state, Sent: h.sent, Expires: h.ends, Over: h.over, Notes: h.notes, Parent: h.parent,
		}
		switch a, ok := s.org.byEmail(h.target); {
		case h.action == actionEnable:
			x.Account = s.org.management
		case h.kind == partyAccount:
			x.Account = h.target
		case ok:
			x.Account = a.ID
		}
		st.Handshakes = append(st.Handshakes, x)
	}
	for _, c := range s.org.creations {
		w := c.wire()
		st.Creations = append(st.Creations, CreationState{c.id, c.name, c.state, w.FailureReason, c.account, c.asked})
	}
}

func (s *Server) stateIAM(st *State) {
	for _, id := range slices.Sorted(maps.Keys(s.iam)) {
		x := IAMState{Account: id, Users: []IAMUser{}}
		for _, u := range s.iam[id].sorted() {
			x.Users = append(x.Users, *u.clone())
		}
		if len(x.Users) > 0 {
			st.IAM = append(st.IAM, x)
		}
	}
}
