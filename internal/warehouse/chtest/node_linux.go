package chtest

import (
	"errors"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// endless is what a node runs. Only the library's command line, not its connections, can listen; it does so until its
// query ends, which takes a day.
const endless = "SYSTEM START LISTEN TCP; SELECT sleepEachRow(3) FROM numbers(28800) SETTINGS max_block_size = 1 FORMAT Null"

// serve runs ClickHouse.
func serve(library, folder string) error {
	runtime.LockOSThread()
	handle, err := purego.Dlopen(library, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return err
	}
	// In its header: chdb_result * chdb_query_cmdline(int argc, char ** argv), const char * chdb_result_error(chdb_result *).
	var query func(argc int32, argv **byte) uintptr
	var problem func(result uintptr) string
	purego.RegisterLibFunc(&query, handle, "chdb_query_cmdline")
	purego.RegisterLibFunc(&problem, handle, "chdb_result_error")
	argv := words("clickhouse", "--config-file", folder+"/"+configFile, "--path", folder+"/data", "--query", endless)
	return errors.New("its query ended: " + problem(query(int32(len(argv)-1), unsafe.SliceData(argv))))
}

// words are arguments as C has them: texts that end in a zero byte, and a null pointer after the last.
func words(arguments ...string) []*byte {
	argv := make([]*byte, 0, len(arguments)+1)
	for _, a := range arguments {
		argv = append(argv, unsafe.SliceData(append([]byte(a), 0)))
	}
	return append(argv, nil)
}
