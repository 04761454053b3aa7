/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/daemon/disk.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

struct disk_file {
	sqlite3_file base;
	struct disk *disk;
	bool log;
	sqlite3_file *real;
};

static struct disk_file *of(sqlite3_file *file)
{
	return (struct disk_file *)file;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
	return of(file)->real;
}

static bool fails(struct disk *disk)
{
	disk->operations++;
	if (!disk->fail_at || disk->operations < disk->fail_at ||
	    (disk->operations > disk->fail_at && !disk->stays))
		return false;
	disk->failures++;
	return true;
}

/* ---- one file ---- */

static int file_close(sqlite3_file *file)
{
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int file_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset)
{
	if (fails(of(file)->disk))
		return SQLITE_IOERR_READ;
	return real_of(file)->pMethods->xRead(real_of(file), bytes, count, offset);
}

static int file_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset)
{
	const struct disk *disk = of(file)->disk;
	bool failed = fails(of(file)->disk);

	if (failed && disk->torn)
		(void)real_of(file)->pMethods->xWrite(real_of(file), bytes, count / 2, offset);
	if (failed)
		return disk->code ? disk->code : SQLITE_IOERR_WRITE;
	return real_of(file)->pMethods->xWrite(real_of(file), bytes, count, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	if (fails(of(file)->disk))
		return SQLITE_IOERR_TRUNCATE;
	return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
	struct disk *disk = of(file)->disk;
	int code;

	if (fails(disk))
		return SQLITE_IOERR_FSYNC;
	code = real_of(file)->pMethods->xSync(real_of(file), flags);
	if (!of(file)->log)
		return code;
	disk->syncs++;
	if (disk->sync_ms) {
		/* this is the slow disk itself, not a wait for something */
		const struct timespec time = {.tv_nsec = disk->sync_ms * 1000000L};
		nanosleep(&time, NULL);
	}
	if (disk->synced)
		disk->synced(disk->context);
	return code;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
	if (fails(of(file)->disk))
		return SQLITE_IOERR_FSTAT;
	return real_of(file)->pMethods->xFileSize(real_of(file), ret_size);
}

static int file_lock(sqlite3_file *file, int lock)
{
	return real_of(file)->pMethods->xLock(real_of(file), lock);
}

static int file_unlock(sqlite3_file *file, int lock)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), lock);
}

static int file_reserved(sqlite3_file *file, int *ret_reserved)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret_reserved);
}

static int file_control(sqlite3_file *file, int what, void *argument)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), what, argument);
}

static int file_sector(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_traits(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int file_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret_map)
{
	if (fails(of(file)->disk))
		return SQLITE_IOERR_SHMMAP;
	return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, ret_map);
}

static int file_map_lock(sqlite3_file *file, int offset, int count, int flags)
{
	/* letting go never fails in the real one */
	if (flags & SQLITE_SHM_LOCK && fails(of(file)->disk))
		return SQLITE_IOERR_SHMLOCK;
	return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void file_barrier(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int file_unmap(sqlite3_file *file, int erase)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), erase);
}

static const sqlite3_io_methods methods = {
        .iVersion = 2, /* without memory-mapped reads, which nobody here switches on */
        .xClose = file_close,
        .xRead = file_read,
        .xWrite = file_write,
        .xTruncate = file_truncate,
        .xSync = file_sync,
        .xFileSize = file_size,
        .xLock = file_lock,
        .xUnlock = file_unlock,
        .xCheckReservedLock = file_reserved,
        .xFileControl = file_control,
        .xSectorSize = file_sector,
        .xDeviceCharacteristics = file_traits,
        .xShmMap = file_map,
        .xShmLock = file_map_lock,
        .xShmBarrier = file_barrier,
        .xShmUnmap = file_unmap,
};

/* ---- the file system ---- */

struct system {
	sqlite3_vfs vfs; /* first; all but xOpen is the real one's */
	sqlite3_vfs *real;
	struct disk *disk;
};

static int system_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                       int *ret_flags)
{
	const struct system *system = (const struct system *)vfs;
	struct disk_file *made = of(file);
	int code;

	*made = (struct disk_file){.disk = system->disk,
	                           .log = flags & SQLITE_OPEN_WAL,
	                           .real = (sqlite3_file *)(made + 1)};
	memset(made->real, 0, (size_t)system->real->szOsFile);
	if (fails(system->disk))
		return SQLITE_CANTOPEN;
	code = system->real->xOpen(system->real, name, made->real, flags, ret_flags);
	if (code == SQLITE_OK)
		made->base.pMethods = &methods;
	return code;
}

void disk_put_under(struct disk *disk)
{
	struct system *system = calloc(1, sizeof(*system));

	assert_non_null(system);
	system->real = sqlite3_vfs_find("unix");
	assert_non_null(system->real);
	system->vfs = *system->real;
	system->vfs.zName = "test-disk";
	system->vfs.szOsFile = (int)sizeof(struct disk_file) + system->real->szOsFile;
	system->vfs.xOpen = system_open;
	system->disk = disk;
	assert_int_equal(sqlite3_vfs_register(&system->vfs, 1), SQLITE_OK);
}

/* ---- memory ---- */

/* SQLite hands its allocator no context: these two are for the whole process. */
static struct memory *under;
static sqlite3_mem_methods real_memory;

static bool runs_out(void)
{
	under->allocations++;
	if (!under->fail_at || under->allocations < under->fail_at ||
	    (under->allocations > under->fail_at && !under->stays))
		return false;
	under->failures++;
	return true;
}

static void *memory_take(int size)
{
	return runs_out() ? NULL : real_memory.xMalloc(size);
}

static void *memory_resize(void *old, int size)
{
	return runs_out() ? NULL : real_memory.xRealloc(old, size);
}

void memory_put_under(struct memory *memory)
{
	sqlite3_mem_methods own;

	under = memory;
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory), SQLITE_OK);
	own = real_memory;
	own.xMalloc = memory_take;
	own.xRealloc = memory_resize;
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &own), SQLITE_OK);
	/* else most allocations would come from what is set aside and could not fail */
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0), SQLITE_OK);
}

/* ---- early spilling ---- */

static int keep_few_pages(sqlite3 *db, char **error, const struct sqlite3_api_routines *api)
{
	(void)error;
	(void)api;
	return sqlite3_exec(db, "PRAGMA cache_size = 10; PRAGMA cache_spill = 1", NULL, NULL, NULL);
}

void disk_spill_early(void)
{
	/* SQLite calls it with these three; its type is declared without any */
	int (*call)(sqlite3 *, char **, const struct sqlite3_api_routines *) = keep_few_pages;
	void (*entry)(void);

	memcpy(&entry, &call, sizeof(entry));
	assert_int_equal(sqlite3_auto_extension(entry), SQLITE_OK);
}
