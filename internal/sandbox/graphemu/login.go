package graphemu

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"aws-access-bot/internal/sandbox/emukit"
)

// tokenLife is how long an access token is good. (Entra's default is a random
// 60 to 90 minutes; the shortest of them is the honest one to test against.)
const tokenLife = time.Hour

// tokenMemory is how long an ended token is told from an unknown one.
const tokenMemory = 24 * time.Hour

// maxForm is the largest token request taken, in bytes.
const maxForm = 64 << 10

// token is what is known of an access token that was given out.
type token struct {
	client   Client
	audience string
	ends     time.Time
}

// loginError is the body with which Microsoft login refuses.
type loginError struct {
	Error         string `json:"error"`
	Description   string `json:"error_description"`
	Codes         []int  `json:"error_codes"`
	Timestamp     string `json:"timestamp"`
	TraceID       string `json:"trace_id"`
	CorrelationID string `json:"correlation_id"`
	URI           string `json:"error_uri"`

	status int
}

// tokenAnswer is the body with which Microsoft login gives a token.
type tokenAnswer struct {
	Type       string `json:"token_type"`
	Expires    int    `json:"expires_in"`
	ExtExpires int    `json:"ext_expires_in"`
	Token      string `json:"access_token"`
}

// serveToken is POST /{tenant}/oauth2/v2.0/token. The form is taken before the
// journal sees the request, so that no secret sent by mistake lands in it.
func (s *Server) serveToken(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if err != nil {
		http.Error(w, "request body too large", http.StatusRequestEntityTooLarge)
		return
	}
	form, formErr := url.ParseQuery(string(raw))
	r.Body = io.NopCloser(strings.NewReader(blotted(form)))
	s.kit.Serve(w, r, serviceLogin, "POST /{tenant}/oauth2/v2.0/token", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store, no-cache")
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		if formErr != nil {
			s.refuseLogin(w, r, form, &loginError{status: 400, Error: "invalid_request", Codes: []int{900144}, Description: "The request body is not a form."})
			return
		}
		answer, refusal := s.grant(r.PathValue("tenant"), form, origin(r)+"/"+r.PathValue("tenant"))
		if refusal != nil {
			s.refuseLogin(w, r, form, refusal)
			return
		}
		emukit.SetCaller(r.Context(), form.Get("client_id"))
		writeJSON(w, http.StatusOK, answer)
	})
}

// blotted returns the form without its credentials.
func blotted(form url.Values) string {
	shown := url.Values{}
	for k, v := range form {
		shown[k] = v
	}
	for _, k := range []string{"client_secret", "client_assertion", "password", "refresh_token", "code", "assertion"} {
		if shown.Has(k) {
			shown.Set(k, "[redacted]")
		}
	}
	return shown.Encode()
}

// grant checks a client credentials request and makes a token. base is the tenant's
// address as the client wrote it.
func (s *Server) grant(tenant string, form url.Values, base string) (tokenAnswer, *loginError) {
	if e := s.checkTenant(tenant); e != nil {
		return tokenAnswer{}, e
	}
	for _, k := range []string{"client_id", "grant_type", "scope"} {
		if form.Get(k) == "" {
			return tokenAnswer{}, refusal(400, "invalid_request", 900144, "The request body must contain the following parameter: '%s'.", k)
		}
	}
	if g := form.Get("grant_type"); g != "client_credentials" {
		return tokenAnswer{}, refusal(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '%s'.", g)
	}
	client, e := s.checkClient(form, base)
	if e != nil {
		return tokenAnswer{}, e
	}
	audience, e := audienceOf(form.Get("scope"))
	if e != nil {
		return tokenAnswer{}, e
	}
	return tokenAnswer{Type: "Bearer", Expires: int(tokenLife / time.Second), ExtExpires: int(tokenLife / time.Second), Token: s.issue(client, audience)}, nil
}

func (s *Server) checkTenant(tenant string) *loginError {
	if strings.EqualFold(tenant, s.opts.TenantID) {
		return nil
	}
	return refusal(400, "invalid_request", 90002, "Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.", tenant)
}

// checkClient finds the client of a request and checks its secret or assertion.
func (s *Server) checkClient(form url.Values, base string) (Client, *loginError) {
	id := form.Get("client_id")
	for _, c := range s.opts.Clients {
		if !strings.EqualFold(c.ID, id) {
			continue
		}
		switch {
		case form.Has("client_assertion"):
			return c, s.checkAssertion(c, form, base)
		case form.Get("client_secret") == "":
			return Client{}, refusal(401, "invalid_client", 7000216, "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.")
		case c.Secret == "" || subtle.ConstantTimeCompare([]byte(c.Secret), []byte(form.Get("client_secret"))) != 1:
			return Client{}, refusal(401, "invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '%s'.", c.ID)
		case !c.SecretEnds.IsZero() && !s.kit.Now().Before(c.SecretEnds):
			return Client{}, refusal(401, "invalid_client", 7000222, "The provided client secret keys for app '%s' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.", c.ID)
		}
		return c, nil
	}
	return Client{}, refusal(400, "unauthorized_client", 700016, "Application with identifier '%s' was not found in the directory '%s'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.", id, s.opts.TenantID)
}

// audienceOf returns the resource of the one /.default scope. The other scopes
// that client libraries add (openid, offline_access, profile) are passed over.
func audienceOf(scope string) (string, *loginError) {
	audience := ""
	for f := range strings.FieldsSeq(scope) {
		switch f {
		case "openid", "offline_access", "profile":
			continue
		}
		resource, ok := strings.CutSuffix(f, "/.default")
		if !ok || resource == "" || audience != "" {
			return "", refusal(400, "invalid_scope", 1002012, "The provided value for scope %s is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).", scope)
		}
		audience = resource
	}
	if audience == "" {
		return "", refusal(400, "invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid. The scope %s is not valid.", scope)
	}
	return audience, nil
}

// issue makes a token that looks like a JWT, but is good only because it is
// remembered.
func (s *Server) issue(c Client, audience string) string {
	now := s.kit.Now()
	ends := now.Add(tokenLife)
	claims := map[string]any{
		"aud": audience, "iss": "https://sts.windows.net/" + s.opts.TenantID + "/", "tid": s.opts.TenantID,
		"appid": c.ID, "idtyp": "app", "iat": now.Unix(), "nbf": now.Unix(), "exp": ends.Unix(), "ver": "1.0", "uti": newGUID(),
	}
	if c.Permissions != nil {
		claims["roles"] = c.Permissions
	}
	var signature [32]byte
	// crypto/rand never fails: it ends the program instead.
	_, _ = rand.Read(signature[:])
	t := part(map[string]any{"typ": "JWT", "alg": "RS256"}) + "." + part(claims) + "." + base64.RawURLEncoding.EncodeToString(signature[:])
	s.kit.Journal.Redact(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.tokens, func(_ string, old token) bool { return now.Sub(old.ends) > tokenMemory })
	s.tokens[t] = token{client: c, audience: audience, ends: ends}
	return t
}

func part(v map[string]any) string {
	// Maps of texts, lists and numbers always marshal.
	b, _ := json.Marshal(v)
	return base64.RawURLEncoding.EncodeToString(b)
}

func refusal(status int, kind string, code int, format string, args ...any) *loginError {
	return &loginError{status: status, Error: kind, Codes: []int{code}, Description: fmt.Sprintf(format, args...)}
}

// refuseLogin completes e with its number, ids and time, and answers with it.
func (s *Server) refuseLogin(w http.ResponseWriter, r *http.Request, form url.Values, e *loginError) {
	now := s.kit.Now().UTC()
	e.Timestamp = now.Format("2006-01-02 15:04:05Z")
	e.TraceID, e.CorrelationID = newGUID(), r.Header.Get("client-request-id")
	if e.CorrelationID == "" {
		e.CorrelationID = form.Get("client-request-id")
	}
	if e.CorrelationID == "" {
		e.CorrelationID = newGUID()
	}
	e.URI = fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", e.Codes[0])
	e.Description = fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s", e.Codes[0], e.Description, e.TraceID, e.CorrelationID, e.Timestamp)
	writeJSON(w, e.status, e)
}

// serveDiscovery is GET /{tenant}/v2.0/.well-known/openid-configuration.
func (s *Server) serveDiscovery(w http.ResponseWriter, r *http.Request) {
	s.kit.Serve(w, r, serviceLogin, "GET /{tenant}/v2.0/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		if e := s.checkTenant(r.PathValue("tenant")); e != nil {
			e.Error = "invalid_tenant"
			s.refuseLogin(w, r, nil, e)
			return
		}
		base := origin(r) + "/" + s.opts.TenantID
		writeJSON(w, http.StatusOK, map[string]any{
			"issuer":                                base + "/v2.0",
			"token_endpoint":                        base + "/oauth2/v2.0/token",
			"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
			"device_authorization_endpoint":         base + "/oauth2/v2.0/devicecode",
			"jwks_uri":                              base + "/discovery/v2.0/keys",
			"token_endpoint_auth_methods_supported": []string{"client_secret_post"},
			"response_types_supported":              []string{"code"},
			"subject_types_supported":               []string{"pairwise"},
			"id_token_signing_alg_values_supported": []string{"RS256"},
			"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
			"tenant_region_scope":                   "AS",
			"cloud_instance_name":                   "microsoftonline.com",
		})
	})
}

// origin returns the scheme and host that the client used.
func origin(r *http.Request) string {
	if r.TLS == nil {
		return "http://" + r.Host
	}
	return "https://" + r.Host
}
