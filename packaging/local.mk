# SPDX-License-Identifier: Apache-2.0
sysusersdir = $(prefix)/lib/sysusers.d
dist_sysusers_DATA = packaging/sysusers/jitd.conf
tmpfilesdir = $(prefix)/lib/tmpfiles.d
dist_tmpfiles_DATA = packaging/tmpfiles/jitd.conf
systemdsystemunit_DATA = packaging/systemd/jitd.service packaging/systemd/jitd.socket packaging/systemd/jitd-pam.socket \
	packaging/systemd/jit-reaper.service packaging/systemd/jit-reaper.socket
# what pam_systemd makes of a login
sessionscopedir = $(systemdsystemunitdir)/session-.scope.d
dist_sessionscope_DATA = packaging/systemd/session-.scope.d/50-pam-jit.conf
# stacks to copy from, shown whole
pamexamplesdir = $(docdir)/pam.d
dist_pamexamples_DATA = packaging/pam/sudo packaging/pam/sudo-i packaging/pam/su packaging/pam/su-l \
	packaging/pam/sshd packaging/pam/login

EXTRA_DIST += packaging/systemd/jitd.service.in packaging/systemd/jitd.socket packaging/systemd/jitd-pam.socket \
	packaging/systemd/jit-reaper.service.in packaging/systemd/jit-reaper.socket \
	packaging/jitd.conf packaging/dependencies
dist_noinst_SCRIPTS = packaging/install-dependencies packaging/as packaging/machine packaging/set-up packaging/build \
	packaging/quickstart

packaging/systemd/%.service: packaging/systemd/%.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) packaging/systemd && $(SED) 's|@sbindir[@]|$(sbindir)|' $< >$@.tmp && mv $@.tmp $@
CLEANFILES += packaging/systemd/jitd.service packaging/systemd/jit-reaper.service

# configuration that denies all; what an administrator has made of it is never overwritten or removed
jitdconfdir = $(sysconfdir)/jitd
install-data-local:
	$(MKDIR_P) '$(DESTDIR)$(jitdconfdir)/policy.d'
	test -e '$(DESTDIR)$(jitdconfdir)/jitd.conf' || \
		$(INSTALL_DATA) '$(srcdir)/packaging/jitd.conf' '$(DESTDIR)$(jitdconfdir)/jitd.conf'
uninstall-local:
	! cmp -s '$(srcdir)/packaging/jitd.conf' '$(DESTDIR)$(jitdconfdir)/jitd.conf' || \
		rm -f '$(DESTDIR)$(jitdconfdir)/jitd.conf'
	-rmdir '$(DESTDIR)$(jitdconfdir)/policy.d' '$(DESTDIR)$(jitdconfdir)' 2>/dev/null

# PAM loads the module by name; nobody links it
install-data-hook:
	rm -f '$(DESTDIR)$(pamdir)/pam_jit.la'
uninstall-hook:
	rm -f '$(DESTDIR)$(pamdir)/pam_jit.so'
