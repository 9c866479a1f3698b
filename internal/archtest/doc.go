// Package archtest has no code: its tests hold the shape of the program, so
// that a change of shape is a decision and not an accident. They read the
// source of every package of the module, tests apart.
package archtest
