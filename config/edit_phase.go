package config

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
)

// AccessPath is the path of aws-access.yaml in the config repo.
const AccessPath = accessPath

// ErrSamePhase says that aws-access.yaml is in that phase already.
var ErrSamePhase = errors.New("aws-access.yaml is in that phase already")

// SetPhase returns the content of aws-access.yaml with another phase. All other
// bytes stay. The error is [Problems] if the content is at fault, and
// [ErrSamePhase] if it says that phase.
func SetPhase(content []byte, to Phase) ([]byte, error) {
	before, at, err := readPhase(content)
	if err != nil {
		return nil, fmt.Errorf("set phase %d: %w", to, err)
	}
	if before.Phase == to {
		return nil, fmt.Errorf("set phase %d: %w", to, ErrSamePhase)
	}
	out := append(append(append([]byte{}, content[:at[0]]...), strconv.Itoa(int(to))...), content[at[1]:]...)
	after, _, err := readPhase(out)
	if err != nil {
		return nil, fmt.Errorf("set phase %d: %w", to, err)
	}
	before.Phase = to
	if !reflect.DeepEqual(before, after) {
		return nil, fmt.Errorf("set phase %d: the file does not read back with it", to)
	}
	return out, nil
}

// PhaseIn returns the phase of an aws-access.yaml, whatever other files say.
func PhaseIn(content []byte) (Phase, error) {
	a, _, err := readPhase(content)
	if err != nil {
		return 0, fmt.Errorf("read the phase: %w", err)
	}
	return a.Phase, nil
}

// readPhase reads an aws-access.yaml alone, and finds the bytes of its phase.
func readPhase(content []byte) (a *AccessFile, at [2]int, err error) {
	if len(content) > maxFileSize {
		return nil, at, Problems{{Position{File: accessPath}, "larger than 1 MiB", "shorten it"}}
	}
	f := openFile(accessPath, content)
	if f.root == nil {
		return nil, at, f.problems.sorted()
	}
	a = f.accessFile(f.root)
	if len(f.problems) > 0 {
		return nil, at, f.problems.sorted()
	}
	for i := 0; i+1 < len(f.root.Content); i += 2 {
		if f.root.Content[i].Value == "phase" {
			at[0] = f.start(f.root.Content[i+1])
			at[1], _ = f.scalarEnd(f.root.Content[i+1])
		}
	}
	return a, at, nil
}
