# SPDX-License-Identifier: MIT
# A line: what a byte costs in files of all sizes. data: MiB, cost
set title "Cost of a byte, sparse files"
set xlabel "size of the file, MiB"
set ylabel "CPU time of the worker, nanoseconds per byte"
set logscale x 2
set yrange [0:*]
set key off
plot data using 1:2 with linespoints linetype 1
