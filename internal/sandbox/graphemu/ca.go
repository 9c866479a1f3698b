package graphemu

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// caLife is how long the certificates of a CA are good: longer than any sandbox
// runs, shorter than the 398 days that clients accept.
const caLife = 90 * 24 * time.Hour

// CA is the sandbox's own certificate authority with one server certificate. Its
// keys live in memory only.
type CA struct {
	root   *x509.Certificate
	server tls.Certificate
}

// NewCA makes a CA and a certificate for 127.0.0.1, ::1, localhost and the given
// further names or addresses, good from an hour before now.
func NewCA(now time.Time, hosts ...string) (*CA, error) {
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the CA key: %w", err)
	}
	rootTemplate, err := certificateTemplate(now, "aws-access-bot sandbox CA")
	if err != nil {
		return nil, err
	}
	rootTemplate.IsCA, rootTemplate.BasicConstraintsValid, rootTemplate.MaxPathLenZero = true, true, true
	rootTemplate.KeyUsage = x509.KeyUsageCertSign
	rootDER, err := x509.CreateCertificate(rand.Reader, rootTemplate, rootTemplate, rootKey.Public(), rootKey)
	if err != nil {
		return nil, fmt.Errorf("sign the CA certificate: %w", err)
	}
	root, err := x509.ParseCertificate(rootDER)
	if err != nil {
		return nil, fmt.Errorf("parse the CA certificate: %w", err)
	}
	server, err := serverCertificate(now, root, rootKey, hosts)
	if err != nil {
		return nil, err
	}
	return &CA{root: root, server: server}, nil
}

// serverCertificate makes a key and a certificate for it, signed by root.
func serverCertificate(now time.Time, root *x509.Certificate, rootKey *ecdsa.PrivateKey, hosts []string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make the server key: %w", err)
	}
	template, err := certificateTemplate(now, "localhost")
	if err != nil {
		return tls.Certificate{}, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, h := range append([]string{"127.0.0.1", "::1", "localhost"}, hosts...) {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, root, key.Public(), rootKey)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("sign the server certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

func certificateTemplate(now time.Time, name string) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("make a serial number: %w", err)
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(caLife),
	}, nil
}

// PEM returns the CA certificate, for the ca_file of a client.
func (c *CA) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.root.Raw})
}

// Pool returns a pool that trusts this CA and nothing else.
func (c *CA) Pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(c.root)
	return p
}

// ServerConfig returns the TLS configuration of a server with the certificate.
func (c *CA) ServerConfig() *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{c.server},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"h2", "http/1.1"},
	}
}
