/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/identity.h"

struct account {
	uid_t uid;
	gid_t gid;
};

/* No account: where it stood in for one by mistake, nothing would change and the check refuse. */
static const struct account no_account = {(uid_t)-1, (gid_t)-1};

/* Whom jitd runs as from the drop on: `user` if root started it, else whoever did. */
static int account_of(const char *user, struct account *ret_account, struct fault *fault)
{
	cleanup(cleanup_identity) struct identity *identity = NULL;
	int r;

	if (geteuid() != 0) {
		*ret_account = (struct account){geteuid(), getegid()};
		return 0;
	}
	r = identity_by_name(user, &identity);
	if (r == IDENTITY_UNKNOWN)
		return fault_set(fault, -ENOENT,
		                 "user \"%s\": no such user; make it (systemd-sysusers), or set "
		                 "another in jitd.conf",
		                 user);
	if (r < 0)
		return fault_set(fault, r, "user \"%s\": cannot be looked up: %s", user,
		                 strerror(-r));
	if (identity->uid == 0)
		return fault_set(fault, -EINVAL,
		                 "user \"%s\": is root; jitd needs a user of its own", user);
	*ret_account = (struct account){identity->uid, identity->gid};
	return 0;
}

/* --- the state directory and its lock --- */

static int system_fault(struct fault *fault, int error, const char *directory, const char *name)
{
	return fault_set(fault, -error, "%s%s: %s", directory, name,
	                 error == ELOOP ? "is a symbolic link; it must be the thing itself"
	                                : strerror(error));
}

static int check_state(int fd, const char *path, uid_t owner, struct fault *fault)
{
	struct stat found;

	if (fstat(fd, &found) < 0)
		return system_fault(fault, errno, path, "");
	if (found.st_uid != owner)
		return fault_set(fault, -EPERM,
		                 "%s: owned by uid %u; must belong to uid %u, which jitd runs as",
		                 path, found.st_uid, owner);
	if ((found.st_mode & 0777) != 0700)
		return fault_set(fault, -EPERM, "%s: mode %04o; must be 0700 (chmod 0700 %s)", path,
		                 found.st_mode & 0777, path);
	return 0;
}

static int open_state(const char *path, const struct account *account, int *ret_fd,
                      struct fault *fault)
{
	bool made = mkdir(path, 0700) == 0;
	cleanup(cleanup_close) int fd = -1;
	int r;

	if (!made && errno != EEXIST)
		return system_fault(fault, errno, path, "");
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) /* of a symlink, O_DIRECTORY says ENOTDIR first */
		return fault_set(fault, -errno, "%s: %s; must be a directory, and no symbolic link",
		                 path, strerror(errno));
	if (made && geteuid() == 0 && fchown(fd, account->uid, account->gid) < 0)
		return system_fault(fault, errno, path, "");
	if (made && fchmod(fd, 0700) < 0) /* whatever the umask was */
		return system_fault(fault, errno, path, "");
	r = check_state(fd, path, account->uid, fault);
	if (r < 0)
		return r;
	*ret_fd = take_fd(&fd);
	return 0;
}

/* Root works here in a directory of jitd's user. A second name (hard link) could make root give
 * away another file. */
static int settle_lock(int fd, const char *state_dir, const struct account *account,
                       struct fault *fault)
{
	struct stat found;

	if (fstat(fd, &found) < 0)
		return system_fault(fault, errno, state_dir, "/lock");
	if (!S_ISREG(found.st_mode) || found.st_nlink != 1)
		return fault_set(fault, -EINVAL,
		                 "%s/lock: must be a regular file with one name; remove it",
		                 state_dir);
	if (found.st_mode & 077)
		return fault_set(fault, -EPERM,
		                 "%s/lock: mode %04o lets others in (chmod 0600 %s/lock)",
		                 state_dir, found.st_mode & 0777, state_dir);
	if (found.st_uid == account->uid)
		return 0;
	if (geteuid() != 0 || found.st_uid != 0)
		return fault_set(fault, -EPERM, "%s/lock: owned by uid %u; must belong to uid %u",
		                 state_dir, found.st_uid, account->uid);
	if (fchown(fd, account->uid, account->gid) < 0)
		return system_fault(fault, errno, state_dir, "/lock");
	return 0;
}

int state_claim(const char *state_dir, const char *user, int *ret_lock, struct fault *fault)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	cleanup(cleanup_close) int directory = -1, fd = -1;
	struct account account = no_account;
	int r = account_of(user, &account, fault);

	if (r < 0)
		return r;
	r = open_state(state_dir, &account, &directory, fault);
	if (r < 0)
		return r;
	fd = openat(directory, "lock",
	            O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
	if (fd < 0)
		return system_fault(fault, errno, state_dir, "/lock");
	r = settle_lock(fd, state_dir, &account, fault);
	if (r < 0)
		return r;
	if (fcntl(fd, F_OFD_SETLK, &whole) < 0)
		return errno == EAGAIN || errno == EACCES
		               ? fault_set(
		                         fault, -EBUSY,
		                         "%s/lock: another jitd runs on this state; stop it first",
		                         state_dir)
		               : system_fault(fault, errno, state_dir, "/lock");
	*ret_lock = take_fd(&fd);
	return 0;
}

/* --- the drop --- */

/* Real, effective and saved ids, all of them. */
static bool is_already(const struct account *account)
{
	uid_t uid[3];
	gid_t gid[3];

	if (getresuid(&uid[0], &uid[1], &uid[2]) < 0 || getresgid(&gid[0], &gid[1], &gid[2]) < 0)
		return false;
	for (size_t i = 0; i < 3; i++)
		if (uid[i] != account->uid || gid[i] != account->gid)
			return false;
	return true;
}

static int become(const struct account *account)
{
	/* nothing to give up, and the unit's filter forbids even the calls that change nothing */
	if (is_already(account))
		return 0;
	if (geteuid() == 0 && setgroups(0, NULL) < 0)
		return -errno;
	if (setresgid(account->gid, account->gid, account->gid) < 0)
		return -errno;
	if (setresuid(account->uid, account->uid, account->uid) < 0)
		return -errno;
	return 0;
}

/* Leaving uid 0 clears them only without PR_SET_KEEPCAPS and securebits, and not at all for a user
 * who was started with ambient ones. */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
	struct __user_cap_data_struct now[_LINUX_CAPABILITY_U32S_3] = {{0}};

	/* the unit's system call filter forbids capset(), to a process that holds none anyway */
	if (syscall(SYS_capget, &header, now) == 0 && !memcmp(now, none, sizeof(none)))
		return 0;
	return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

static int close_in(void)
{
	const struct rlimit none = {0, 0};

	umask(077);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
		return -errno;
	/* after the change of uid, which sets it anew */
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
}

static bool is_final(const struct account *account, bool was_root)
{
	if (!is_already(account) || (was_root && getgroups(0, NULL) != 0))
		return false;
	/* who was never root, and holds no capability, need not try: the unit's filter may kill for
	 * it */
	return !was_root || setresuid((uid_t)-1, 0, (uid_t)-1) < 0;
}

int privileges_drop(const char *user, struct fault *fault)
{
	const bool was_root = geteuid() == 0;
	struct account account = no_account;
	int r = account_of(user, &account, fault);

	if (r < 0)
		return r;
	r = become(&account);
	if (r == 0)
		r = drop_capabilities();
	if (r == 0)
		r = close_in();
	if (r < 0)
		return fault_set(fault, r, "cannot drop privileges to uid %u: %s", account.uid,
		                 strerror(-r));
	if (!is_final(&account, was_root))
		return fault_set(fault, -EPERM,
		                 "cannot drop privileges to uid %u: there is a way back",
		                 account.uid);
	return 0;
}
