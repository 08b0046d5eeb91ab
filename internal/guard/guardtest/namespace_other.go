//go:build !linux

package guardtest

import "testing"

// InNamespace skips: only Linux has network namespaces.
func InNamespace(t *testing.T) bool {
	t.Helper()
	t.Skip("network namespaces are a Linux feature")
	return false
}
