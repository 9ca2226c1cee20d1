# SPDX-License-Identifier: MIT
# Bars: our speed against each peer's. data: label, median, least, most, target
set title "fcgi-stream's speed against each peer's"
set ylabel "ratio (higher is better)"
set yrange [0:*]
set xtics rotate by -40 font ",11"
set boxwidth 0.6
set key outside top right horizontal
set bmargin 7
set rmargin 12
plot data using 0:2:xtic(1) with boxes linetype 1 title "median of rounds", \
     data using 0:3:(0):($4-$3) with vectors nohead linewidth 2 \
         linecolor rgb "#808080" title "least to most", \
     data using ($0-0.35):5:(0.7):(0) with vectors nohead linetype 2 \
         linewidth 3 title "target"
