package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"aws-access-bot/internal/settings"

	"github.com/golang-jwt/jwt/v5"
	"github.com/rogpeppe/go-internal/testscript"
)

// appToken is the file of a token of the App itself, beside the settings.
const appToken = "github-token-app.secret"

// verbRole gives a person a role in the config repo.
func (w *world) verbRole(_ *testscript.TestScript, _ bool, args []string) error {
	if err := words(args, 2, 2); err != nil {
		return err
	}
	return w.play("github/roles", object{"person": args[0], "role": args[1]}, nil)
}

// verbRepository makes another repository, whose administrator is a person.
func (w *world) verbRepository(_ *testscript.TestScript, _ bool, args []string) error {
	if err := words(args, 2, 2); err != nil {
		return err
	}
	return w.sbx.AddRepo(args[0], args[1])
}

// verbAppToken buys a token of the App's installation, as whoever has the App's
// key can, and writes it beside the settings.
func (w *world) verbAppToken(_ *testscript.TestScript, _ bool, args []string) error {
	if err := words(args, 0, 0); err != nil {
		return err
	}
	set, err := settings.Load(w.settings(), os.Getenv)
	if err != nil {
		return err
	}
	key, err := appKey()
	if err != nil {
		return err
	}
	now := time.Now()
	claims := jwt.RegisteredClaims{Issuer: strconv.FormatInt(set.GitHub.AppID, 10), IssuedAt: jwt.NewNumericDate(now.Add(-time.Minute)), ExpiresAt: jwt.NewNumericDate(now.Add(time.Minute))}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(key)
	if err != nil {
		return err
	}
	url := fmt.Sprintf("%sapp/installations/%d/access_tokens", set.GitHub.BaseURL, set.GitHub.InstallationID)
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader([]byte("{}")))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+signed)
	res, err := w.client.HTTP.Do(req)
	if err != nil {
		return err
	}
	var out struct {
		Token string `json:"token"`
	}
	err = json.NewDecoder(res.Body).Decode(&out)
	if err = errors.Join(err, res.Body.Close()); err != nil || out.Token == "" {
		return fmt.Errorf("buy a token: %s %w", res.Status, err)
	}
	return os.WriteFile(filepath.Join(w.dir, appToken), []byte(out.Token+"\n"), 0o600)
}
