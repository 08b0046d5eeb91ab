package guardtest

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

const namespaceEnv = "GUARDTEST_NAMESPACE"

// InNamespace runs the calling test once more in a new process inside a new network namespace where every IPv4 and IPv6 address
// is this machine, so that a listener on all addresses stands on each forbidden one. In that process it returns true and the test
// goes on; in the first process it returns false after the second has passed. It skips where the kernel does not let us.
func InNamespace(t *testing.T) bool {
	t.Helper()
	if os.Getenv(namespaceEnv) == t.Name() {
		for _, line := range []string{
			"link set lo up",
			"-4 route add local 0.0.0.0/0 dev lo",
			"-6 route add local ::/0 dev lo",
		} {
			if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
				t.Fatalf("ip %s: %v: %s", line, err, out)
			}
		}
		return true
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("the ip command is not installed")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), namespaceEnv+"="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Skipf("no new network namespace here: %v", err)
	}
	if err != nil {
		t.Fatalf("in the namespace: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "namespace:") {
			t.Log(strings.TrimSpace(line))
		}
	}
	return false
}
