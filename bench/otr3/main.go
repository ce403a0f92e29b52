// Measures the Go package otr3: both ends in one process, messages passed in memory. The rows are those of bench/ours;
// a text that arrives altered, or anything else that goes wrong, stops the program.
//
//	bench_otr3 ROW [v3|v2] [KEYS]
package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"syscall"
	"unsafe"

	"github.com/twstrike/otr3"
)

type end struct{ *otr3.Conversation }

var (
	keys      [2]otr3.PrivateKey
	version   = "v3"
	succeeded int
)

func die(words ...interface{}) {
	fmt.Fprintln(os.Stderr, append([]interface{}{"FAIL:"}, words...)...)
	os.Exit(1)
}

// now is the CPU time of the process in microseconds, garbage collection included.
func now() float64 {
	var t syscall.Timespec
	if _, _, e := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, 2, uintptr(unsafe.Pointer(&t)), 0); e != 0 {
		die(e)
	}
	return float64(t.Sec)*1e6 + float64(t.Nsec)/1e3
}

type smp struct{}

func (smp) HandleSMPEvent(e otr3.SMPEvent, percent int, question string) {
	if e == otr3.SMPEventSuccess {
		succeeded++
	}
}

func strangers() [2]end {
	var ends [2]end
	for who := range ends {
		c := &otr3.Conversation{Rand: rand.Reader}
		if version == "v2" {
			c.Policies.AllowV2()
		} else {
			c.Policies.AllowV3()
		}
		c.Policies.RequireEncryption()
		c.SetOurKeys([]otr3.PrivateKey{keys[who]})
		c.SetSMPEventHandler(smp{})
		ends[who] = end{c}
	}
	return ends
}

// carry delivers what one end sends, and all answers; it returns the last text that arrived.
func carry(ends [2]end, from int, messages []otr3.ValidMessage) (text []byte) {
	for to := 1 - from; len(messages) > 0; to = 1 - to {
		var answers []otr3.ValidMessage
		for _, message := range messages {
			plain, back, err := ends[to].Receive(message)
			if err != nil {
				die("receive", err)
			}
			if len(plain) > 0 {
				text = plain
			}
			answers = append(answers, back...)
		}
		messages = answers
	}
	return
}

func say(ends [2]end, from int, text []byte) {
	messages, err := ends[from].Send(otr3.ValidMessage(text))
	if err != nil {
		die("send", err)
	}
	if arrived := carry(ends, from, messages); !bytes.Equal(arrived, text) {
		die("the text did not arrive")
	}
}

func meet() [2]end {
	ends := strangers()
	carry(ends, 0, []otr3.ValidMessage{ends[0].QueryMessage()})
	if !ends[0].IsEncrypted() || !ends[1].IsEncrypted() {
		die("not private after the key exchange")
	}
	return ends
}

func compare(ends [2]end) {
	before := succeeded
	secret := []byte("the shared secret of both")
	messages, err := ends[0].StartAuthenticate("", secret)
	if err != nil {
		die("smp", err)
	}
	carry(ends, 0, messages)
	messages, err = ends[1].ProvideAuthenticationSecret(secret)
	if err != nil {
		die("smp", err)
	}
	carry(ends, 1, messages)
	if succeeded != before+2 {
		die("the secrets were not found equal")
	}
}

func words(length int) []byte {
	text := make([]byte, length)
	for i := range text {
		text[i] = "abcdefghijklmnopqrstuvwxyz"[(i*7+i/26)%26]
	}
	return text
}

func generate() otr3.PrivateKey {
	key := &otr3.DSAPrivateKey{}
	if err := key.Generate(rand.Reader); err != nil {
		die("key", err)
	}
	return key
}

// measure takes nine samples of so many operations, after one to warm up.
func measure(name, unit string, operations int, work func(), scale func(float64) float64) {
	var samples []float64
	for turn := -1; turn < 9; turn++ {
		start := now()
		for i := 0; i < operations; i++ {
			work()
		}
		if turn >= 0 {
			samples = append(samples, scale((now()-start)/float64(operations)))
		}
	}
	report(name, unit, samples)
}

func report(name, unit string, samples []float64) {
	sort.Float64s(samples)
	fmt.Printf("SAMPLES %s %s", name, unit)
	for _, sample := range samples {
		fmt.Printf(" %.3f", sample)
	}
	fmt.Println()
}

func main() {
	runtime.GOMAXPROCS(1)
	row, count := os.Args[1], 11
	if len(os.Args) > 2 {
		version = os.Args[2]
	}
	if len(os.Args) > 3 {
		count, _ = strconv.Atoi(os.Args[3])
	}
	keys = [2]otr3.PrivateKey{generate(), generate()}
	same := func(micros float64) float64 { return micros }
	short, long := words(100), words(65536)
	switch row {
	case "keygen":
		var samples []float64
		for i := 0; i < count; i++ {
			start := now()
			generate()
			samples = append(samples, now()-start)
		}
		report("dsa1024-keygen", "us", samples)
	case "ake":
		measure("ake", "us", 20, func() { meet() }, same)
	case "ake-first":
		measure("ake+first-messages", "us", 20, func() { ends := meet(); say(ends, 0, short); say(ends, 1, short) }, same)
	case "pingpong":
		ends, turn := meet(), 0
		measure("pingpong/msg", "us", 100, func() { say(ends, turn&1, short); turn++ }, same)
	case "burst":
		ends := meet()
		measure("burst100/msg", "us", 100, func() { say(ends, 0, short) }, same)
	case "bulk":
		// The package has 16-bit lengths in its pieces only; whole messages may be long.
		ends := meet()
		measure("bulk64k", "MB/s", 10, func() { say(ends, 0, long) }, func(micros float64) float64 { return 65536 / micros })
	case "smp":
		ends := meet()
		measure("smp", "us", 2, func() { compare(ends) }, same)
	default:
		die("no such row here:", row)
	}
}
