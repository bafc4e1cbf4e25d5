package bench

import (
	"net"
	"net/url"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// slowLink returns dsn behind a TCP proxy on the loopback interface that holds back what goes each way for
// oneWay, without limiting bandwidth: pipelined packets travel together.
func slowLink(tb testing.TB, dsn string, oneWay time.Duration) string {
	tb.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		tb.Fatal(err)
	}
	server := u.Host
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", server)
			if err != nil {
				near.Close()
				continue
			}
			go carry(far, near, oneWay)
			go carry(near, far, oneWay)
		}
	}()
	u.Host = l.Addr().String()
	return u.String()
}

type packet struct {
	data []byte
	due  time.Time
}

func carry(dst, src net.Conn, delay time.Duration) {
	onTheWay := make(chan packet, 1024)
	go func() {
		defer dst.Close()
		defer func() {
			for range onTheWay { // let the reader finish
			}
		}()
		for p := range onTheWay {
			sleepUntil(p.due)
			if _, err := dst.Write(p.data); err != nil {
				return
			}
		}
	}()
	defer close(onTheWay)
	defer src.Close()
	for {
		buf := make([]byte, 16<<10)
		n, err := src.Read(buf)
		if n > 0 {
			onTheWay <- packet{buf[:n], time.Now().Add(delay)}
		}
		if err != nil {
			return
		}
	}
}

// sleepUntil asks the kernel: the runtime's own timers round up to a millisecond on an idle machine.
func sleepUntil(t time.Time) {
	for {
		d := time.Until(t)
		if d <= 0 {
			return
		}
		ts := unix.NsecToTimespec(d.Nanoseconds())
		_ = unix.Nanosleep(&ts, nil)
	}
}
