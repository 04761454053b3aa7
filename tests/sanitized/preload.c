/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In the throw-away machine /etc/ld.so.preload puts this in front of the sanitizers' run-times,
 * into every program, setuid ones too. It carries the options, which no environment brings past
 * sudo and sshd, and has leaks looked for in the programs that pam-jit is part of, however they
 * end.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sanitizer/lsan_interface.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REPORTS "/run/sanitized/"
#define REPORT  REPORTS "report"
#define ALWAYS                                                                                     \
	"log_path=" REPORT ":log_exe_name=1:abort_on_error=1:disable_coredump=0:"                  \
	"exitcode=0:print_stacktrace=1:verify_asan_link_order=0:"
/* Stacks without frame pointers, so that one goes through libpam up to us. */
#define WATCHED                                                                                    \
	ALWAYS "detect_leaks=1:leak_check_at_exit=0:detect_stack_use_after_return=1:"              \
	       "fast_unwind_on_malloc=0:malloc_context_size=30:"
/* sudo and sshd leak something of their own each time: names are found later, where it counts */
#define DOOR      WATCHED "symbolize=0"
#define UNWATCHED ALWAYS "detect_leaks=0"

static const char *const doors[] = {"sudo", "su", "sshd", "sshd-session", "login", NULL};
static const char *const ours[] = {"jitd", "jit", "jitd-admin", NULL};

/* This early no function that a sanitizer intercepts may be called. */
static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static struct {
	char path[256]; /* with a line end */
	long length;
	int door, ours;
} program;

static int is_one_of(const char *const names[])
{
	const char *name = program.path;

	for (const char *c = program.path; *c; c++)
		if (*c == '/')
			name = c + 1;
	for (; *names; names++)
		if (same(name, *names))
			return 1;
	return 0;
}

/* Once and early: sshd's child in its sandbox may not even read a link. */
static void look_who_it_is(void)
{
	long length =
	        syscall(SYS_readlink, "/proc/self/exe", program.path, sizeof(program.path) - 2);

	if (program.length || length <= 0)
		return;
	program.door = is_one_of(doors);
	program.ours = is_one_of(ours);
	program.path[length] = '\n';
	program.length = length + 1;
}

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	look_who_it_is();
	return program.door ? DOOR : program.ours ? WATCHED : UNWATCHED;
}

const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void)
{
	return ALWAYS;
}

/* Each run-time writes to a file of its own choice, and libasan hides this one's name from
 * libubsan. */
__attribute__((constructor)) static void tell_libubsan(void)
{
	void *library = dlopen("libubsan.so.1", RTLD_LAZY | RTLD_NOLOAD);
	void (*set_path)(const char *) = NULL;

	if (library)
		set_path = (void (*)(const char *))dlsym(library, "__sanitizer_set_report_path");
	if (set_path)
		set_path(REPORT);
}

/* The module stays, so that stacks through it keep their names when leaks are looked for. */
int dlclose(void *handle)
{
	(void)handle;
	return 0;
}

static int is_module(struct dl_phdr_info *info, size_t size, void *context)
{
	const char *name = info->dlpi_name;

	(void)size;
	(void)context;
	for (; *name; name++)
		if (same(name, "/pam_jit.so"))
			return 1;
	return 0;
}

/* A line of who had the module in it and looked for leaks. */
static void witness(void)
{
	int fd = open(REPORTS "witnesses", O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd >= 0 && write(fd, program.path, (size_t)program.length) == program.length)
		close(fd);
}

static void look_for_leaks(void)
{
	const int module = program.door && dl_iterate_phdr(is_module, NULL);

	if (module || program.ours)
		__lsan_do_recoverable_leak_check();
	if (module)
		witness();
}

__attribute__((destructor)) static void at_exit(void)
{
	look_for_leaks();
}

/* So do sshd's processes end. */
void _exit(int code)
{
	look_for_leaks();
	syscall(SYS_exit_group, code);
	__builtin_unreachable();
}
