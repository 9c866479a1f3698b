package awsemu

import (
	"fmt"
	"slices"
	"time"
)

// Invite plays the management account in the console: it invites an account by
// id, or whoever has an e-mail address.
func (s *Server) Invite(target string) (id string, err error) {
	now := s.lock()
	defer s.mu.Unlock()
	party := wireParty{target, partyAccount}
	if !shapeAccount.re.MatchString(target) {
		party.Type = partyEmail
	}
	if err := checkTarget(party); err != nil {
		return "", fmt.Errorf("invite %s: %w", target, err)
	}
	if err := s.mayInvite(party, now); err != nil {
		return "", fmt.Errorf("invite %s: %w", target, err)
	}
	return s.send(handshake{action: actionInvite, kind: party.Type, target: target}, now, inviteLasts).id, nil
}

// Answer plays the owner of an account in the console: the newest handshake
// that waits for the account is accepted or declined.
func (s *Server) Answer(account string, accept bool) (id string, err error) {
	now := s.lock()
	defer s.mu.Unlock()
	a, ok := s.org.find(account)
	if !ok || a.State != StateActive {
		return "", fmt.Errorf("account %s: there is none that is active, so nobody can answer for it", account)
	}
	for _, h := range slices.Backward(s.org.handshakes) {
		if !h.pending() || h.action == actionEnable || !h.sentTo(a) {
			continue
		}
		if !accept {
			h.finish(shakeDeclined, now)
			return h.id, nil
		}
		if err := s.accept(h, account, now); err != nil {
			return "", fmt.Errorf("account %s accepts: %w", account, err)
		}
		return h.id, nil
	}
	return "", fmt.Errorf("account %s: no invitation waits for an answer", account)
}

// ExpireHandshake lets the time of a handshake run out now.
func (s *Server) ExpireHandshake(id string) error {
	return s.endHandshake(id, func(h *handshake, now time.Time) { h.ends = now })
}

// TakeBack cancels a handshake, as the management account does in the console.
func (s *Server) TakeBack(id string) error {
	return s.endHandshake(id, func(h *handshake, now time.Time) { h.finish(shakeCanceled, now) })
}

// endHandshake ends one that waits for an answer.
func (s *Server) endHandshake(id string, end func(h *handshake, now time.Time)) error {
	now := s.lock()
	defer s.mu.Unlock()
	h, ok := s.org.shake(id)
	if !ok || !h.pending() {
		return fmt.Errorf("handshake %s: there is none that waits for an answer", id)
	}
	end(h, now)
	s.org.settleHandshakes(now)
	return nil
}
