# SPDX-License-Identifier: MIT
# Runs a unit test. cmocka (1.1.5) says "not ok" of a case that is skipped.
exec 3>&1
status=$({ { "$@"; echo $? >&4; } |
	sed -u 's/^not ok \([0-9]* # SKIP\)/ok \1/' >&3; } 4>&1)
exit "$status"
