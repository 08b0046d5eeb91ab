package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// errNoNginx says what to do.
var errNoNginx = errors.New("nginx-rtmp is not here to be compared with: install the packages nginx and libnginx-mod-rtmp (apt-get install --no-install-recommends nginx libnginx-mod-rtmp)")

// nginxModules are where distributions put the module.
var nginxModules = []string{"/usr/lib/nginx/modules/ngx_rtmp_module.so", "/usr/lib64/nginx/modules/ngx_rtmp_module.so", "/usr/share/nginx/modules/ngx_rtmp_module.so"}

// nginxConfig is nginx-rtmp with one worker, as its own examples have it, and HLS of each stream.
const nginxConfig = `load_module %[1]s;
%[2]sdaemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid %[3]s/pid;
error_log stderr error;
events { worker_connections 8192; }
rtmp {
  access_log off;
  server {
    listen 127.0.0.1:%[4]s;
    application live {
      live on;
      hls on;
      hls_path %[3]s/hls;
      hls_fragment 1s;
      hls_playlist_length 30s;
    }
  }
}
http {
  access_log off;
  client_body_temp_path %[3]s/body;
  proxy_temp_path %[3]s/proxy;
  fastcgi_temp_path %[3]s/fastcgi;
  uwsgi_temp_path %[3]s/uwsgi;
  scgi_temp_path %[3]s/scgi;
  keepalive_requests 1000000000;
  sendfile on;
  server {
    listen 127.0.0.1:%[5]s;
    root %[3]s;
  }
}
`

// nginxModule finds the module, or says that there is none.
func nginxModule() (string, error) {
	if _, err := exec.LookPath("nginx"); err != nil {
		return "", errNoNginx
	}
	for _, file := range nginxModules {
		if _, err := os.Stat(file); err == nil {
			return file, nil
		}
	}
	return "", errNoNginx
}

// openNginx starts nginx-rtmp on ports and in a folder of its own.
func openNginx(ctx context.Context, streams int) (*liveTarget, error) {
	module, err := nginxModule()
	if err != nil {
		return nil, err
	}
	port, err1 := freePort()
	web, err2 := freePort()
	dir, err3 := os.MkdirTemp("", "synctv-bench-nginx-")
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	user := ""
	if os.Getuid() == 0 {
		user = "user root;\n" // or its worker may not write where we let it
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, nginxConfig, module, user, dir, port, web), 0o644); err != nil {
		return nil, err
	}
	log := &lockedBuffer{}
	cmd := exec.CommandContext(ctx, "nginx", "-p", dir, "-c", file, "-e", "stderr")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	t := &liveTarget{name: "nginx-rtmp", pids: func() []int { return append(childrenOf(cmd.Process.Pid), cmd.Process.Pid) }}
	t.close = func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		os.RemoveAll(dir)
	}
	t.rtmp, t.hls = "rtmp://127.0.0.1:"+port+"/live/s0", "http://127.0.0.1:"+web+"/hls/s0.m3u8"
	for i := range streams {
		t.publish = append(t.publish, "rtmp://127.0.0.1:"+port+"/live/s"+strconv.Itoa(i))
	}
	for end := time.Now().Add(10 * time.Second); ; rest(ctx, 10*time.Millisecond) {
		nc, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			nc.Close()
			return t, nil
		}
		if time.Now().After(end) {
			t.close()
			return nil, fmt.Errorf("nginx does not start: %w\n%s", err, log)
		}
	}
}

// childrenOf lists the processes that a process has started (proc(5), task/[tid]/children).
func childrenOf(pid int) (list []int) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil
	}
	for word := range strings.FieldsSeq(string(b)) {
		if n, err := strconv.Atoi(word); err == nil {
			list = append(list, n)
		}
	}
	return list
}
