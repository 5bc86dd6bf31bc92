package folder

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// tryLock locks a file for one process, or for many that read, without waiting. The lock ends with the process.
func tryLock(file *os.File, shared bool) (bool, error) {
	how := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if !shared {
		how |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	err := windows.LockFileEx(windows.Handle(file.Fd()), how, 0, 1, 0, &windows.Overlapped{Offset: 1 << 30})
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION), errors.Is(err, windows.ERROR_IO_PENDING):
		return false, nil
	}
	return false, &os.PathError{Op: "LockFileEx", Path: file.Name(), Err: err}
}

// syncDir does nothing: NTFS logs its folders.
func syncDir(string) error { return nil }

// What the system says of a full disk, and of one that may only be read.
const (
	syscallNoSpace  = windows.ERROR_DISK_FULL
	syscallReadOnly = windows.ERROR_WRITE_PROTECT
)
