package organizations

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"aws-access-bot/internal/access"
	"aws-access-bot/internal/provision/awsclient"
	"aws-access-bot/internal/provision/onboard"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/smithy-go"
)

// Manager writes to Organizations with a role of the management account. It is
// safe for concurrent use.
type Manager struct {
	reads, writes *organizations.Client
}

var _ onboard.Management = (*Manager)(nil)

// NewManager returns a manager with the credentials of cfg. Writes are not
// retried: whether one had an effect is looked for first. pace is that of [New].
func NewManager(cfg aws.Config, pace float64) *Manager {
	return &Manager{reads: New(cfg, pace).api, writes: organizations.NewFromConfig(cfg, paced(pace), func(o *organizations.Options) {
		o.Retryer = aws.NopRetryer{}
		if o.BaseEndpoint != nil {
			o.Region = signingRegion(o.Region)
		}
	})}
}

var (
	accountID = regexp.MustCompile(`^[0-9]{12}$`)
	parentID  = regexp.MustCompile(`^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})$`)
)

// Handshakes implements onboard.Invitations.
func (m *Manager) Handshakes(ctx context.Context) ([]access.Handshake, error) {
	return listHandshakes(ctx, m.reads)
}

// Invite implements onboard.Management.
func (m *Manager) Invite(ctx context.Context, account, notes string) (access.Handshake, error) {
	op := "invite account " + account
	if !accountID.MatchString(account) {
		return access.Handshake{}, &onboard.Refusal{Code: "INVALID_PARTY_TYPE_TARGET", Words: "an account id has 12 digits", Err: fmt.Errorf("%s: not 12 digits", op)}
	}
	out, err := m.writes.InviteAccountToOrganization(ctx, &organizations.InviteAccountToOrganizationInput{
		Target: &types.HandshakeParty{Id: &account, Type: types.HandshakePartyTypeAccount}, Notes: &notes,
	})
	if err != nil {
		return access.Handshake{}, refusal(op, err)
	}
	if out.Handshake == nil || aws.ToString(out.Handshake.Id) == "" {
		return access.Handshake{}, fmt.Errorf("%s: no handshake in the answer", op)
	}
	h := handshake(*out.Handshake)
	h.Account = account
	return h, nil
}

// Move implements onboard.Management.
func (m *Manager) Move(ctx context.Context, account, from, to string) error {
	op := fmt.Sprintf("move account %s from %s to %s", account, from, to)
	if !accountID.MatchString(account) || !parentID.MatchString(from) || !parentID.MatchString(to) {
		return &onboard.Refusal{Code: "INVALID_PATTERN", Words: "an id is malformed", Err: fmt.Errorf("%s: malformed id", op)}
	}
	_, err := m.writes.MoveAccount(ctx, &organizations.MoveAccountInput{AccountId: &account, SourceParentId: &from, DestinationParentId: &to})
	var there *types.DuplicateAccountException
	if err == nil || errors.As(err, &there) {
		return nil
	}
	return refusal(op, err)
}

// refusal gives the error of a write the reason that AWS names. What package
// fault has a kind for goes by that.
func refusal(op string, err error) error {
	mapped := awsclient.Mapped(op, err)
	var handshake *types.HandshakeConstraintViolationException
	var constraint *types.ConstraintViolationException
	var input *types.InvalidInputException
	switch {
	case errors.As(err, &handshake) && handshake.Reason != "":
		return &onboard.Refusal{Code: string(handshake.Reason), Words: handshake.ErrorMessage(), Err: mapped}
	case errors.As(err, &constraint) && constraint.Reason != "":
		return &onboard.Refusal{Code: string(constraint.Reason), Words: constraint.ErrorMessage(), Err: mapped}
	case errors.As(err, &input) && input.Reason != "":
		return &onboard.Refusal{Code: string(input.Reason), Words: input.ErrorMessage(), Err: mapped}
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return mapped
	}
	switch code := api.ErrorCode(); code {
	case "HandshakeConstraintViolationException", "ConstraintViolationException", "DuplicateHandshakeException", "AccountOwnerNotVerifiedException",
		"FinalizingOrganizationException", "SourceParentNotFoundException", "DestinationParentNotFoundException", "AccountNotFoundException",
		"AWSOrganizationsNotInUseException":
		return &onboard.Refusal{Code: code, Words: api.ErrorMessage(), Err: mapped}
	}
	return mapped
}
