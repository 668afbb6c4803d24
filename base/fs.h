/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LW_BASE_FS_H
#define LW_BASE_FS_H

/*
 * Files, with care: names are resolved beneath a folder we hold open, never through links;
 * what is published is durable, whole, and atomic (write, fsync, rename, fsync the folder: the
 * protocol that lost nothing under replayed power loss, docs/decisions). Descriptors returned
 * are owned by the caller and close-on-exec. ENOSPC and EDQUOT are LW_E_NOSPACE wherever
 * LW_E_IO stands.
 */

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"

/* What a killed process may leave in a folder it published into: a name beginning like this.
 * Whoever owns the folder removes such names when no writer runs. */
#define LW_FS_TEMP_PREFIX ".lw-tmp-"

/* Opens a folder (O_PATH not used: it can be fsynced). LW_E_IO. */
int lw_fs_open_dir(const char *path, int *ret_fd, struct lw_error *e) LW_WARN_UNUSED;

/* Opens `name` beneath the folder for reading: regular files only, no symbolic links on the
 * way (openat2 RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS), never blocking.
 * ret_size_bytes may be NULL. LW_E_NOTFOUND; LW_E_FORMAT: not a regular file, a link on the
 * way, or a way out of the folder; LW_E_IO. */
int lw_fs_open_beneath(int dir, const char *name, int *ret_fd, uint64_t *ret_size_bytes,
		       struct lw_error *e) LW_WARN_UNUSED;

/* Opens a path named by the user for reading: regular file or block device, links followed.
 * LW_E_NOTFOUND, LW_E_FORMAT (anything else), LW_E_IO. */
int lw_fs_open_input(const char *path, int *ret_fd, uint64_t *ret_size_bytes,
		     struct lw_error *e) LW_WARN_UNUSED;

/* Whole files, at most max bytes (LW_E_LIMIT). Appends to out; on failure out is as it was.
 * Other errors as the two above. */
int lw_fs_read_beneath(int dir, const char *name, size_t max, struct lw_buf *out,
		       struct lw_error *e) LW_WARN_UNUSED;
int lw_fs_read_path(const char *path, size_t max, struct lw_buf *out,
		    struct lw_error *e) LW_WARN_UNUSED;

/* Exactly n bytes at an offset; LW_E_TRUNCATED when the file ends first, LW_E_IO. */
int lw_fs_pread(int fd, void *p, size_t n, uint64_t offset, struct lw_error *e) LW_WARN_UNUSED;
/* The same; *ret_n: how many there were before the error. */
int lw_fs_pread_some(int fd, void *p, size_t n, uint64_t offset, size_t *ret_n,
		     struct lw_error *e) LW_WARN_UNUSED;
/* All n bytes. LW_E_IO. */
int lw_fs_write(int fd, const void *p, size_t n, struct lw_error *e) LW_WARN_UNUSED;
int lw_fs_pwrite(int fd, const void *p, size_t n, uint64_t offset,
		 struct lw_error *e) LW_WARN_UNUSED;
/* fsync. After LW_E_IO what was written is in doubt: never sync again, write anew. */
int lw_fs_sync(int fd, const char *what, struct lw_error *e) LW_WARN_UNUSED;

/* Creates `name` in the folder with these bytes and exactly this mode, durably and atomically;
 * replaces an older one. On failure the older one stands, and nothing else is left; only when
 * the last step fails, the sync of the folder, is the new one seen and its durability in
 * doubt. LW_E_USAGE: name is not one path component. LW_E_IO. */
int lw_fs_publish(int dir, const char *name, struct lw_span bytes, unsigned mode,
		  struct lw_error *e) LW_WARN_UNUSED;
/* The same for a path of the user's, the mode narrowed by the umask; LW_E_EXISTS if it is
 * there already (whatever it is, a dangling link too). */
int lw_fs_create_path(const char *path, struct lw_span bytes, unsigned mode,
		      struct lw_error *e) LW_WARN_UNUSED;

/* mkdir with exactly this mode if it is not there, then the parent is fsynced (in either case:
 * one who made it may have died before that). LW_E_FORMAT: there, and not a folder. LW_E_USAGE
 * as above. LW_E_IO. */
int lw_fs_ensure_dir(int parent, const char *name, unsigned mode,
		     struct lw_error *e) LW_WARN_UNUSED;

/* Splits a path of the user's into an open parent folder and a borrowed last component.
 * LW_E_USAGE if the last component is empty, "." or "..". LW_E_IO. */
int lw_fs_open_parent(const char *path, int *ret_dir, const char **ret_name,
		      struct lw_error *e) LW_WARN_UNUSED;

/* Bytes an unprivileged writer may still write on the file system behind fd. LW_E_IO. */
int lw_fs_free_bytes(int fd, uint64_t *ret_bytes, struct lw_error *e) LW_WARN_UNUSED;

/* Whether the device behind fd pays for seeks: then read in order. Optical drives do, and SCSI,
 * ATA and USB disks that say they turn; others are not believed, since every virtio disk says
 * so, whatever is behind it. Unknown is false. */
bool lw_fs_is_slow_seek(int fd);

#endif
