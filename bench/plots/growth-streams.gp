# SPDX-License-Identifier: MIT
# A line: what a request costs while there are so many. data: number, cost
set title "Cost of a 4 KiB request"
set xlabel "concurrent connections that ask"
set ylabel "CPU time of the worker, microseconds per request"
set logscale x
set yrange [0:*]
set key off
plot data using 1:2 with linespoints linetype 1
