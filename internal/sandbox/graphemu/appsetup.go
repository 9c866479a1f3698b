package graphemu

import (
	"encoding/base64"
	"encoding/hex"
	"time"
)

// AppSetup is how the enterprise application is set up, as an administrator may
// have it. The zero value is an application as the tutorial makes it, but with
// no default values in the mapping, which is the template's own state.
type AppSetup struct {
	RoleMissing   bool // there is no role User
	RoleDisabled  bool
	AnyoneSignsIn bool // no assignment is required
	SyncAll       bool // everybody is in scope
	// NameDefault is the default value of both parts of the name.
	NameDefault string
	// CertificateEnds is the end of the SAML signing certificate; zero is three
	// years after the start.
	CertificateEnds time.Time
}

// SetUp changes how the enterprise application is set up.
func (s *Server) SetUp(change func(*AppSetup)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.setup)
}

// thumbprint is that of the SAML signing certificate.
const thumbprint = "5A1E0C7F3B9D4E6280A1B2C3D4E5F60718293A4B"

// keyCredentials renders the signing certificate, which the application has
// once to sign and once to verify.
func (s *Server) keyCredentials() []object {
	raw, _ := hex.DecodeString(thumbprint) // a constant of hex digits
	var out []object
	for _, usage := range []string{"Sign", "Verify"} {
		out = append(out, object{
			"customKeyIdentifier": base64.StdEncoding.EncodeToString(raw), "displayName": "CN=AWS IAM Identity Center", "endDateTime": stamp(s.setup.CertificateEnds),
			"key": nil, "keyId": newGUID(), "startDateTime": stamp(s.setup.CertificateEnds.AddDate(-3, 0, 0)), "type": "X509CertAndPassword", "usage": usage,
		})
	}
	return out
}

// getSynchronization is GET …/synchronization. The token itself is never shown.
func (c *call) getSynchronization() (reply, error) {
	if err := c.checkApp(); err != nil {
		return reply{}, err
	}
	all := "false"
	if c.s.setup.SyncAll {
		all = "true"
	}
	return c.one(entity{name: "microsoft.graph.synchronization", props: []string{"id", "secrets"}}, "servicePrincipals('"+c.s.opts.App+"')/synchronization", object{
		"id": c.s.opts.App, "secrets": []object{
			{"key": "BaseAddress", "value": "https://scim.ap-northeast-1.amazonaws.com/emulated/scim/v2/"},
			{"key": "SecretToken", "value": "*"}, {"key": "SyncAll", "value": all},
		},
	})
}
