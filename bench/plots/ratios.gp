# SPDX-License-Identifier: MIT
# Bars: our speed against each peer's, below the name of the row.
# data: place, label, median, least, most, target
set terminal svg size 980,90+19*count font "sans-serif,13"
set title "fcgi-stream's speed against each peer's (higher is better)"
set xrange [0:*]
set yrange [0.3-count:0.8]
set grid noytics xtics linecolor rgb "#808080" dashtype 3
set ytics scale 0
set lmargin 32
set key outside bottom center horizontal
plot data using (0):1:(0):3:($1-0.36):($1+0.36):ytic(2) with boxxyerror \
         linetype 1 title "median of rounds", \
     data using 4:1:($5-$4):(0) with vectors nohead linewidth 2 \
         linecolor rgb "#808080" title "least to most", \
     data using 6:($1-0.45):(0):(0.9) with vectors nohead linetype 2 \
         linewidth 3 title "target"
