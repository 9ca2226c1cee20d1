# SPDX-License-Identifier: MIT
# Two points for each peer, joined: p99 idle and beside cold streams, on a
# logarithmic scale, as they are far apart. data: label, idle, loaded
set title "4 KiB requests, idle and beside 64 streams of cold files"
set ylabel "time to the first byte, p99, milliseconds"
set logscale y
set xrange [-0.5:*]
set offsets 0.5, 0.5, 0, 0
set key outside top right horizontal
plot data using 0:($2/1000):(0):(($3-$2)/1000) with vectors nohead \
         linecolor rgb "#808080" linewidth 2 notitle, \
     data using 0:($2/1000):xtic(1) with points linetype 1 pointsize 1.2 \
         title "idle", \
     data using 0:($3/1000) with points linetype 2 pointsize 1.2 \
         title "beside cold streams"
