/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jitd: decides, mints, verifies, stores. Trusts the kernel for who is at the other end of a
 * socket, root's PAM clients for PAM's facts, and nobody for anything else. Never runs a program,
 * never opens a connection, holds no capability.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "config.h"
#include "jitd/audit.h"
#include "jitd/clock.h"
#include "jitd/issuers.h"
#include "jitd/jitd.h"
#include "jitd/privileges.h"
#include "jitd/reload.h"
#include "jitd/rules.h"
#include "jitd/sockets.h"
#include "policy/advise.h"

#define DEFAULT_CONFIG SYSCONFDIR "/jitd/jitd.conf"
#define DESCRIPTORS    8192
#define CONFIG_MAX     ((size_t)1 << 20)

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

struct arguments {
	const char *config; /* NULL: the default one, which may be absent */
	bool check;
};

static const char usage[] =
        "usage: jitd [--config FILE] [--check]\n"
        "  --config FILE  read FILE instead of " DEFAULT_CONFIG "\n"
        "  --check        read configuration and policy, say what is wrong, and stop\n"
        "  --help         print this\n"
        "  --version      print the version\n";

static void report(void *context, enum policy_severity severity, const char *line)
{
	(void)context;
	(void)fprintf(stderr, "jitd: %s: %s\n", severity == POLICY_ERROR ? "error" : "warning",
	              line);
}

static int load_settings(const char *config, struct settings **ret_settings, struct fault *fault)
{
	/* the installed configuration is root's; whoever names another may have written it */
	const uid_t owner = config ? geteuid() : 0;
	const struct file_rule rule = {.owner = owner, .forbidden = 022, .size_max = CONFIG_MAX};
	const char *path = config ? config : DEFAULT_CONFIG;
	struct policy_source source = {.name = path, .text = ""};
	cleanup(cleanup_free) char *text = NULL;
	size_t length;
	int r = file_read(path, &rule, &text, &length, fault);

	if (r == 0)
		source.text = text;
	else if (r != -ENOENT || config)
		return r;
	fault_set(fault, 0, "%s: not loaded", path);
	r = settings_parse(&source, report, NULL, ret_settings);
	if (r == 0)
		(*ret_settings)->owner = owner;
	return r;
}

static int tell_keys(void *context, enum issuer_news news, const char *line)
{
	(void)context;
	if (news != ISSUER_READ)
		(void)fprintf(stderr, "jitd: warning: trust %s\n", line);
	return 0;
}

/* Warnings: jitd starts with a trust that has no keys. */
static int check_issuers(const struct settings *settings)
{
	struct issuers *issuers;
	int r = issuers_new(settings, &issuers);

	if (r < 0)
		return r;
	r = issuers_look(issuers, true, tell_keys, NULL);
	issuers_free(issuers);
	return r;
}

static int check_only(const struct settings *settings, struct fault *fault)
{
	cleanup(cleanup_policy) struct policy *policy = NULL;
	char digest[65];
	const struct policy_site site = settings_site(settings);
	int r = rules_load(settings, &policy, digest, fault);

	if (r == 0)
		r = policy_advise(policy, &site, report, NULL);
	if (r == 0)
		r = check_issuers(settings);
	if (r == 0)
		(void)printf("%zu rules, no error\n", policy_rule_count(policy));
	return r;
}

static void stop(void *context)
{
	struct jitd *jitd = context;

	loop_stop(jitd->loop);
}

static void reload(void *context)
{
	service_notify("RELOADING=1");
	reload_by_signal(context);
	service_notify("READY=1");
}

static int serve(struct jitd *jitd)
{
	int r = loop_signal(jitd->loop, SIGTERM, stop, jitd);

	if (r == 0)
		r = loop_signal(jitd->loop, SIGINT, stop, jitd);
	if (r == 0)
		r = loop_signal(jitd->loop, SIGHUP, reload, jitd);
	if (r < 0)
		return r;
	service_notify("READY=1");
	r = loop_run(jitd->loop);
	service_notify("STOPPING=1");
	return r;
}

/* Two descriptors a connection: the usual 1024 are soon gone. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int start(struct settings *settings, struct fault *fault)
{
	struct sockets sockets = {.pam = -1, .client = -1};
	struct jitd *jitd = NULL;
	int lock = -1, r = state_claim(settings->state_dir, settings->user, &lock, fault);

	if (r == 0)
		r = sockets_open(settings->socket_dir, &sockets, fault);
	if (r == 0)
		r = privileges_drop(settings->user, fault);
	if (r < 0) {
		sockets_close(&sockets);
		settings_free(settings);
		return r;
	}
	r = jitd_new(settings, &sockets, &jitd, fault);
	if (r == 0) {
		r = serve(jitd);
		fault_set(fault, r, "the loop failed: %s", strerror(-r));
	}
	jitd_free(jitd);
	sockets_close(&sockets);
	(void)lock; /* held until the process ends */
	return r;
}

/* 0: go on; else the exit code + 1. */
static int parse_arguments(int argc, char **argv, struct arguments *out)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
	                                        {"check", no_argument, NULL, 'k'},
	                                        {"help", no_argument, NULL, 'h'},
	                                        {"version", no_argument, NULL, 'v'},
	                                        {0}};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'c')
			out->config = optarg;
		else if (option == 'k')
			out->check = true;
		else if (option == 'h')
			return (void)fputs(usage, stdout), EXIT_DONE + 1;
		else if (option == 'v')
			return (void)puts("jitd " PACKAGE_VERSION), EXIT_DONE + 1;
		else
			return (void)fputs(usage, stderr), EXIT_USAGE + 1;
	}
	if (optind == argc)
		return 0;
	(void)fprintf(stderr, "jitd: %s: no arguments are taken\n%s", argv[optind], usage);
	return EXIT_USAGE + 1;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {0};
	struct settings *settings = NULL;
	struct fault fault = {.text = "failed"};
	int r = parse_arguments(argc, argv, &arguments);

	if (r)
		return r - 1;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setvbuf(stderr, NULL, _IOLBF,
	              BUFSIZ); /* lines of the log in one piece, but for many at once */
	raise_descriptors();
	r = load_settings(arguments.config, &settings, &fault);
	if (r == 0 && arguments.check) {
		r = check_only(settings, &fault);
		settings_free(settings);
	} else if (r == 0) {
		r = start(settings, &fault);
	}
	if (r < 0) {
		(void)fprintf(stderr, "jitd: %s\n", fault.text);
		return EXIT_REFUSED;
	}
	return EXIT_DONE;
}
