# SPDX-License-Identifier: MIT
# What all plots share. There is no background, and all colours are of middle
# brightness, so that they can be read on light and dark pages.
set terminal svg size 980,480 font "sans-serif,13"
set output image
set border 3 linecolor rgb "#808080"
set tics nomirror textcolor rgb "#808080"
set grid ytics linecolor rgb "#808080" dashtype 3
set xlabel textcolor rgb "#808080"
set ylabel textcolor rgb "#808080"
set title textcolor rgb "#808080"
set key textcolor rgb "#808080"
set style fill solid 0.85 noborder
set linetype 1 linecolor rgb "#3b82c4" linewidth 2 pointtype 7
set linetype 2 linecolor rgb "#d07020" linewidth 2 pointtype 5
