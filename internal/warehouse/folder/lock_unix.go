//go:build unix

package folder

import (
	"errors"
	"os"
	"syscall"
)

// tryLock locks a file for one process, or for many that read, without waiting. The lock ends with the process.
func tryLock(file *os.File, shared bool) (bool, error) {
	how := syscall.LOCK_EX
	if shared {
		how = syscall.LOCK_SH
	}
	for {
		err := syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, syscall.EINTR):
			return false, &os.PathError{Op: "flock", Path: file.Name(), Err: err}
		}
	}
}

// syncDir puts a folder's list of files on the disk.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// What the system says of a full disk, and of one that may only be read.
const (
	syscallNoSpace  = syscall.ENOSPC
	syscallReadOnly = syscall.EROFS
)
