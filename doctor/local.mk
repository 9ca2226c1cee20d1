# SPDX-License-Identifier: MIT
# A program of its own, which "fcgi-stream doctor" starts.
libdoctor_a_SOURCES = \
	%D%/doctor_advice.c %D%/doctor_advice.h \
	%D%/doctor_checks.c %D%/doctor_checks.h \
	%D%/doctor_http.c %D%/doctor_http.h \
	%D%/doctor_leave.c %D%/doctor_leave.h \
	%D%/doctor_probe.c %D%/doctor_probe.h \
	%D%/doctor_url.c %D%/doctor_url.h

pkglibexec_PROGRAMS = fcgi-stream-doctor
fcgi_stream_doctor_SOURCES = %D%/main.c
fcgi_stream_doctor_LDADD = libdoctor.a libapp.a libstream.a \
	$(JANSSON_LIBS) $(CURL_LIBS)
