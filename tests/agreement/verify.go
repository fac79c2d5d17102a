// What Go's crypto/x509 makes of the cases: JSON of tests/pure_core/agreement in, JSON with its reasons out.
package main

import (
	"crypto/x509"
	"encoding/json"
	"os"
	"runtime"
	"time"
)

type certificateCase struct {
	Name        string   `json:"name"`
	Fingerprint string   `json:"fingerprint"`
	Host        string   `json:"host"`
	Times       []int64  `json:"times"`
	Leaf        []byte   `json:"leaf"`
	Others      [][]byte `json:"others"`
	Root        []byte   `json:"root"`
}

type verdict struct {
	Fingerprint string `json:"fingerprint"`
	Error       string `json:"error"`
}

// verify says why a client refuses, now or in the leaf's last second; nil where it accepts.
func verify(one certificateCase) error {
	root, err := x509.ParseCertificate(one.Root)
	if err != nil {
		return err
	}
	roots, others := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(root)
	for _, der := range one.Others {
		other, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		others.AddCert(other)
	}
	leaf, err := x509.ParseCertificate(one.Leaf)
	if err != nil {
		return err
	}
	for _, seconds := range one.Times {
		options := x509.VerifyOptions{
			DNSName:       one.Host,
			Intermediates: others,
			Roots:         roots,
			CurrentTime:   time.Unix(seconds, 0),
		}
		if _, err := leaf.Verify(options); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	var cases []certificateCase
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		panic(err)
	}
	verdicts := map[string]verdict{}
	for _, one := range cases {
		text := ""
		if err := verify(one); err != nil {
			text = err.Error()
		}
		verdicts[one.Name] = verdict{one.Fingerprint, text}
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", " ")
	if err := out.Encode(map[string]any{"go": runtime.Version(), "cases": verdicts}); err != nil {
		panic(err)
	}
}
