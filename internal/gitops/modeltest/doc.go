// Package modeltest plays random histories against package gitops.
package modeltest
