package peertest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// keeperScript starts "$@", prints its process id and waits for the end of its standard input. Then it sends the stop
// signal, gives the server three seconds, kills it and removes the directory. SIGCONT first: a paused server cannot hear.
// The server's standard input is /dev/null, because a copy of the pipe in the server would keep the keeper waiting.
const keeperScript = `
dir=$1; stop=$2; shift 2
"$@" </dev/null >"$dir/log" 2>&1 &
pid=$!
echo $pid
read -r _
kill -CONT $pid 2>/dev/null; kill -$stop $pid 2>/dev/null
n=0
while kill -0 $pid 2>/dev/null && [ $n -lt 60 ]; do sleep 0.05; n=$((n+1)); done
kill -KILL $pid 2>/dev/null
wait $pid 2>/dev/null
rm -rf "$dir"
`

// kept holds every keeper as long as the binary lives: one that nobody holds would be collected, its pipe closed with it,
// and the server stopped under those who use it.
var kept struct {
	sync.Mutex
	keepers []*keeper
}

// keeper is one running server process and the shell that will outlive the test binary just long enough to clean up.
type keeper struct {
	dir   string // removed by the shell
	pid   int    // of the server
	shell *exec.Cmd
	alive io.Closer // closing it ends the server
}

// keep starts argv below a keeper. stopSignal is a name kill(1) knows. cred may be nil: the caller's own user.
func keep(dir, stopSignal string, cred *syscall.Credential, argv ...string) (*keeper, error) {
	if cred != nil {
		argv = append([]string{"setpriv", "--reuid", strconv.Itoa(int(cred.Uid)), "--regid", strconv.Itoa(int(cred.Gid)),
			"--clear-groups", "--"}, argv...)
	}
	shell := exec.Command("/bin/sh", append([]string{"-c", keeperScript, "keeper", dir, stopSignal}, argv...)...)
	shell.Dir = dir
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C must reach the test binary, not the one who cleans up after it
	in, err := shell.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := shell.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := shell.Start(); err != nil {
		return nil, err
	}
	k := &keeper{dir: dir, shell: shell, alive: in}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err == nil {
		k.pid, err = strconv.Atoi(strings.TrimSpace(line))
	}
	if err != nil {
		k.end()
		return nil, fmt.Errorf("keeper did not start %s: %w", argv[0], err)
	}
	kept.Lock()
	kept.keepers = append(kept.keepers, k)
	kept.Unlock()
	return k, nil
}

// end stops the server, waits until it is gone and its directory removed.
func (k *keeper) end() {
	_ = k.alive.Close()
	_ = k.shell.Wait() // its exit status is that of the last clean-up command: of no interest
}

// kill stops the server at once, as a crash would, then cleans up.
func (k *keeper) kill() {
	_ = syscall.Kill(k.pid, syscall.SIGKILL)
	k.end()
}

func (k *keeper) signal(s syscall.Signal) error { return syscall.Kill(k.pid, s) }

// stands returns nil when every thread of the server is stopped. A stop takes effect when a thread of the server has had its
// turn, which on a busy machine others of its threads use for an answer or two. Without /proc it is taken for granted.
func (k *keeper) stands() error {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", k.pid))
	if err != nil {
		return err
	}
	for _, thread := range threads {
		stat, err := os.ReadFile(thread)
		if err != nil {
			continue // it has ended
		}
		// proc_pid_stat(5): the state comes behind the name, which is in parentheses and may hold any.
		state := strings.TrimSpace(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if state == "" || !strings.ContainsRune("TtZX", rune(state[0])) {
			return fmt.Errorf("a thread goes on: %s", state)
		}
	}
	return nil
}

// log returns the end of what the server wrote, for a failure message.
func (k *keeper) log() string {
	b, err := os.ReadFile(filepath.Join(k.dir, "log"))
	if err != nil {
		return err.Error()
	}
	if len(b) > 2000 {
		b = b[len(b)-2000:]
	}
	return string(b)
}
