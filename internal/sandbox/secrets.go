package sandbox

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"strings"
)

// secrets are everything the bot needs to open the emulators, made at start.
type secrets struct {
	appKey       *rsa.PrivateKey
	webhook      string
	slackSigning string
	slackToken   string
	teamsSecret  string
	awsKeyID     string
	awsSecret    string
	entraSecret  string
	scimToken    string
	signingKey   string
	// tokens are the GitHub tokens of people, by their key.
	tokens map[string]string
}

// newSecrets makes new ones. A nil key is made too, which takes some tenths of
// a second.
func newSecrets(key *rsa.PrivateKey) (secrets, error) {
	if key == nil {
		made, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return secrets{}, fmt.Errorf("make the key of the GitHub App: %w", err)
		}
		key = made
	}
	long := func() string { return rand.Text() + rand.Text() }
	tokens := map[string]string{}
	for _, p := range cast() {
		if p.GitHub != "" {
			tokens[p.Key] = "ghp_" + rand.Text() + rand.Text()[:10]
		}
	}
	return secrets{
		tokens: tokens,
		appKey: key, webhook: long(), slackSigning: strings.ToLower(long()), slackToken: "xoxb-sandbox-" + rand.Text(), teamsSecret: long(),
		awsKeyID: "AKIA" + rand.Text()[:16], awsSecret: long(), entraSecret: long(), scimToken: long(), signingKey: long(),
	}, nil
}
