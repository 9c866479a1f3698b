package entra

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"aws-access-bot/internal/provision"
	"aws-access-bot/internal/provision/fault"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/serviceprincipals"
)

// Application implements provision.Entra. A part that the bot may not read is
// said to be unseen; any other failure is an error, to be tried again.
func (c *Client) Application(ctx context.Context) (provision.Application, error) {
	var a provision.Application
	parts := []struct {
		name string
		read func(context.Context, *provision.Application) error
	}{
		{provision.PartApplication, c.examineApplication}, {provision.PartJob, c.examineJob},
		{provision.PartMapping, c.examineMapping}, {provision.PartSecrets, c.examineSecrets},
	}
	for _, p := range parts {
		err := p.read(ctx, &a)
		switch {
		case p.name == provision.PartApplication && errors.Is(err, fault.ErrNotFound):
			return a, nil // there is nothing more to read
		case errors.Is(err, errHidden):
			a.Unseen = append(a.Unseen, provision.Unseen{Part: p.name, Why: err.Error()})
		case errors.Is(err, fault.ErrDenied):
			a.Found = true // as far as is known
			a.Unseen = append(a.Unseen, provision.Unseen{Part: p.name, Why: fault.Reason(err)})
		case err != nil:
			return provision.Application{}, err
		}
	}
	return a, nil
}

// errHidden is an answer that leaves out what was asked for.
var errHidden = errors.New("the answer does not show it")

// examineApplication reads the properties of the service principal.
func (c *Client) examineApplication(ctx context.Context, a *provision.Application) error {
	app, id, err := c.application()
	if err != nil {
		return err
	}
	sp, err := app.Get(ctx, &serviceprincipals.ServicePrincipalItemRequestBuilderGetRequestConfiguration{
		QueryParameters: &serviceprincipals.ServicePrincipalItemRequestBuilderGetQueryParameters{
			Select: []string{"id", "appRoles", "appRoleAssignmentRequired", "keyCredentials", "preferredTokenSigningKeyThumbprint"}},
	})
	if sp, err = got("graph application "+id, sp, err); err != nil {
		return err
	}
	a.Found, a.Role = true, provision.RoleMissing
	for _, r := range sp.GetAppRoles() {
		switch {
		case value(r.GetDisplayName()) != "User":
		case value(r.GetIsEnabled()):
			a.Role = provision.RoleEnabled
		case a.Role == provision.RoleMissing:
			a.Role = provision.RoleDisabled
		}
	}
	a.AnyoneSignsIn = sp.GetAppRoleAssignmentRequired() != nil && !*sp.GetAppRoleAssignmentRequired()
	a.Certificate = certificateEnd(sp.GetKeyCredentials(), value(sp.GetPreferredTokenSigningKeyThumbprint()))
	return nil
}

// certificateEnd returns the end of the signing certificate with a thumbprint.
// Where none has it, it is the one that ends last (Graph: keyCredentials of a
// service principal have each certificate twice, to sign and to verify).
func certificateEnd(keys []models.KeyCredentialable, thumbprint string) time.Time {
	var last time.Time
	for _, k := range keys {
		end := value(k.GetEndDateTime())
		if thumbprint != "" && strings.EqualFold(hex.EncodeToString(k.GetCustomKeyIdentifier()), thumbprint) {
			return end
		}
		if end.After(last) {
			last = end
		}
	}
	return last
}

func (c *Client) examineJob(ctx context.Context, a *provision.Application) error {
	job, err := c.Job(ctx)
	a.Job = job
	return err
}

// examineMapping finds the names that AWS wants of a user (userName, displayName
// and both parts of the name) that the mapping gives no default. The user name
// and display name are always set in Entra.
func (c *Client) examineMapping(ctx context.Context, a *provision.Application) error {
	j, err := c.job(ctx)
	if err != nil || j == nil {
		return err
	}
	schema, err := c.schema(ctx, value(j.GetId()))
	if err != nil {
		return err
	}
	for _, r := range schema.GetSynchronizationRules() {
		for _, m := range r.GetObjectMappings() {
			if !strings.EqualFold(value(m.GetSourceObjectName()), "User") || !value(m.GetEnabled()) {
				continue
			}
			for _, attribute := range m.GetAttributeMappings() {
				target := value(attribute.GetTargetAttributeName())
				if (target == "name.givenName" || target == "name.familyName") && value(attribute.GetDefaultValue()) == "" {
					a.NoDefault = append(a.NoDefault, target)
				}
			}
		}
	}
	return nil
}

// schema reads the schema of a job.
func (c *Client) schema(ctx context.Context, job string) (models.SynchronizationSchemaable, error) {
	app, _, err := c.application()
	if err != nil {
		return nil, err
	}
	schema, err := app.Synchronization().Jobs().BySynchronizationJobId(job).Schema().Get(ctx, nil)
	return got("graph schema of job "+job, schema, err)
}

// examineSecrets reads SyncAll, which Graph keeps among the secrets of
// provisioning; the values of real secrets are not looked at.
func (c *Client) examineSecrets(ctx context.Context, a *provision.Application) error {
	app, id, err := c.application()
	if err != nil {
		return err
	}
	const op = "graph provisioning of application "
	s, err := app.Synchronization().Get(ctx, &serviceprincipals.ItemSynchronizationRequestBuilderGetRequestConfiguration{
		QueryParameters: &serviceprincipals.ItemSynchronizationRequestBuilderGetQueryParameters{Select: []string{"secrets"}},
	})
	s, err = got(op+id, s, err)
	if errors.Is(err, fault.ErrNotFound) {
		return errHidden
	}
	if err != nil {
		return err
	}
	for _, secret := range s.GetSecrets() {
		if k := secret.GetKey(); k != nil && *k == models.SYNCALL_SYNCHRONIZATIONSECRET && value(secret.GetValue()) != "" {
			a.SyncAll = !strings.EqualFold(value(secret.GetValue()), "false")
			return nil
		}
	}
	return errHidden
}
