//go:build !linux

package chtest

func serve(string, string) error { return ErrAbsent }
