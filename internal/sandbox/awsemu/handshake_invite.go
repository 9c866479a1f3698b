package awsemu

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// minAttempts is how many invitations a day may go unaccepted where the
// organization may have no more accounts than that.
const minAttempts = 20

var (
	shapeNotes     = newShape(`[\s\S]*`, 1024)
	shapeParty     = newShape(`[\s\S]+`, 64)
	shapeHandshake = newShape(`h-[0-9a-z]{8,32}`, 34)
	shapeEmail     = newShape(`[^\s@]+@[^\s@]+\.[^\s@]+`, 64)
	emailDomain    = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\.[A-Za-z0-9-]*[A-Za-z0-9]$`)
)

// wireParty is a party of a handshake.
type wireParty struct{ Id, Type string }

type inviteIn struct {
	Target wireParty
	Notes  string
	Tags   []wireTag
}

func (in *inviteIn) check(v *checks) {
	v.required("target.id", in.Target.Id, shapeParty)
	v.enum("target.type", in.Target.Type, true, partyAccount, partyOrganization, partyEmail)
	v.optional("notes", in.Notes, shapeNotes)
	v.tags(in.Tags)
}

type handshakeOut struct{ Handshake wireHandshake }

// inviteAccount sends an invitation. What an account that does not exist or is
// closed answers is not documented; TARGET_NOT_SUPPORTED fits its description.
func inviteAccount(s *Server, c *call, in *inviteIn) (out handshakeOut, err error) {
	tags, err := orgTags(nil, in.Tags)
	if err != nil {
		return out, err
	}
	if err := checkTarget(in.Target); err != nil {
		return out, err
	}
	if err := s.mayInvite(in.Target, c.now); err != nil {
		return out, err
	}
	h := s.send(handshake{action: actionInvite, kind: in.Target.Type, target: in.Target.Id, notes: in.Notes, tags: tags}, c.now, inviteLasts)
	out.Handshake = s.wireHandshake(h)
	return out, nil
}

// checkTarget refuses what is neither an account nor an address.
func checkTarget(t wireParty) error {
	switch {
	case t.Type == partyOrganization:
		return invalidReason("INVALID_PARTY_TYPE_TARGET", "You specified the wrong type of entity as a party.")
	case t.Type == partyEmail && !shapeEmail.re.MatchString(t.Id):
		return invalidReason("INVALID_EMAIL_ADDRESS_TARGET", "You specified an invalid email address for the invited account owner.")
	case t.Type == partyAccount && !shapeAccount.re.MatchString(t.Id):
		return invalidReason("INVALID_PATTERN", "You provided a value that doesn't match the required pattern.")
	}
	return nil
}

// mayInvite checks an invitation against the world and the quotas.
func (s *Server) mayInvite(t wireParty, now time.Time) error {
	if len(s.org.open(actionEnable)) > 0 {
		return shakeRefused("INVITE_DISABLED_DURING_ENABLE_ALL_FEATURES", "You can't issue new invitations to join an organization while it's in the process of enabling all features.")
	}
	a, known := s.org.find(t.Id)
	if t.Type == partyEmail {
		a, known = s.org.byEmail(t.Id)
	}
	for _, h := range s.org.open(actionInvite) {
		if h.kind == t.Type && strings.EqualFold(h.target, t.Id) || known && h.sentTo(a) {
			return fail("DuplicateHandshakeException", "A handshake with the same action and target already exists.")
		}
	}
	if known {
		_, member := s.org.accounts[a.ID]
		if member || a.Organization != "" && !s.opts.DirectTransfer {
			return shakeRefused("ALREADY_IN_AN_ORGANIZATION", "The handshake request is invalid because the invited account is already a member of an organization.")
		}
	}
	if t.Type == partyAccount && (!known || a.State == StateClosed) {
		return invalidReason("TARGET_NOT_SUPPORTED", "You can't perform the specified operation on that target entity.")
	}
	if s.headroom() < 1 {
		return shakeRefused("ACCOUNT_NUMBER_LIMIT_EXCEEDED", fmt.Sprintf("You have exceeded the allowed number of AWS accounts: %d with the open invitations.", s.opts.MaxAccounts))
	}
	if s.org.attempts(now) >= max(minAttempts, s.opts.MaxAccounts) {
		return shakeRefused("HANDSHAKE_RATE_LIMIT_EXCEEDED", "You attempted to exceed the number of handshakes that you can send in one day.")
	}
	return nil
}

// shakeRefused is a HandshakeConstraintViolationException with its reason.
func shakeRefused(reason, message string) *apiError {
	e := fail("HandshakeConstraintViolationException", "%s", message)
	e.members = map[string]any{"Reason": reason}
	return e
}

// wireResource is what a handshake tells about a party.
type wireResource struct {
	Type, Value string
	Resources   []wireResource `json:",omitempty"`
}

type wireHandshake struct {
	Id, Arn, State, Action                  string
	Parties                                 []wireParty
	RequestedTimestamp, ExpirationTimestamp epoch
	Resources                               []wireResource
}

// wireHandshake has the form of the examples in the API reference.
func (s *Server) wireHandshake(h *handshake) wireHandshake {
	out := wireHandshake{
		Id: h.id, Arn: s.orgARN("handshake", "/"+strings.ToLower(h.action)+"/"+h.id), State: h.state, Action: h.action,
		Parties:            []wireParty{{s.org.id, partyOrganization}},
		RequestedTimestamp: epoch(h.sent), ExpirationTimestamp: epoch(h.ends),
	}
	sender := wireResource{Type: partyOrganization, Value: s.org.id}
	if h.action != actionEnable {
		mgmt := s.org.accounts[s.org.management]
		sender.Resources = []wireResource{
			{Type: "MASTER_EMAIL", Value: mgmt.Email}, {Type: "MASTER_NAME", Value: mgmt.Name}, {Type: "ORGANIZATION_FEATURE_SET", Value: s.org.features},
		}
	}
	out.Resources = []wireResource{sender}
	if h.target != "" {
		out.Parties = append(out.Parties, wireParty{h.target, h.kind})
		out.Resources = append(out.Resources, wireResource{Type: h.kind, Value: h.target})
	}
	if h.parent != "" {
		out.Resources = append(out.Resources, wireResource{Type: "PARENT_HANDSHAKE", Value: h.parent})
	}
	if h.notes != "" {
		out.Resources = append(out.Resources, wireResource{Type: "NOTES", Value: h.notes})
	}
	return out
}
