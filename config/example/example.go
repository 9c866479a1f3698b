// Package example is a complete config repo of an invented company, Acme, in
// phase 1 of its migration. The sandbox starts from it, the documentation
// quotes it, and tests hold that it is valid.
//
// Account ids, object ids and people are invented. What is not in a config
// repo, such as who is a member of which group, is seeded by the sandbox.
package example

import (
	"embed"
	"io/fs"
)

//go:embed README.md aws-access.yaml people.yaml accounts groups users permission-sets
var files embed.FS

// FS returns the files of the config repo.
func FS() fs.FS { return files }
