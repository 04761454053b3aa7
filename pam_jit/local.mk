# SPDX-License-Identifier: Apache-2.0
noinst_LTLIBRARIES += libguard.la
libguard_la_SOURCES = \
	pam_jit/call.c \
	pam_jit/outcome.c \
	pam_jit/pam_jit.c pam_jit/pam_jit.h \
	pam_jit/relay.c

# What the module does not use of base (files, NSS) is left out of it by --gc-sections.
pam_LTLIBRARIES += pam_jit.la
pam_jit_la_SOURCES =
pam_jit_la_LIBADD = libguard.la libwire.la libbase.la -lpam
pam_jit_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -Wl,--gc-sections \
	-Wl,--version-script,$(srcdir)/pam_jit/pam_jit.map
# the sanitizers' run-time is the program's, not the module's
if !SANITIZED
pam_jit_la_LDFLAGS += -Wl,-z,defs
endif
EXTRA_pam_jit_la_DEPENDENCIES = pam_jit/pam_jit.map
EXTRA_DIST += pam_jit/pam_jit.map
