# SPDX-License-Identifier: Apache-2.0
#
# Draws what cost.sh has measured: DATA, OUT, TITLE, XLABEL and PEER come from there. Columns: the size,
# seconds of verify, openssl dgst, load, cp and sync.

set terminal svg size 720,480 dynamic rounded font "sans-serif,13" background "#ffffff" name "cost"
set output OUT
set datafile separator "\t"
stats DATA using 1 name "X" nooutput
LEAST = 1e9
MOST = 0
do for [c = 2:5] {
	stats DATA using c name "S" nooutput
	LEAST = S_min < LEAST ? S_min : LEAST
	MOST = S_max > MOST ? S_max : MOST
}
set logscale xy
set xrange [X_min / 1.35:X_max * 1.35]
set yrange [10 ** floor(log10(LEAST)):10 ** ceil(log10(MOST))]
set border 3 lc "#777777"
set grid ytics lc "#e4e4e4" lt 1 lw 1, lc "#e4e4e4" lt 1 lw 1
set tics nomirror scale 0.5 tc "#444444"
set mxtics 1
set mytics 1
set lmargin at screen 0.11
set rmargin at screen 0.97
set tmargin at screen 0.84
set bmargin at screen 0.14
set label 1 TITLE at screen 0.11,0.925 left font ",17" tc "#222222"
set xlabel XLABEL tc "#444444"
set ylabel "seconds" tc "#444444"
set format y "%g"
commas(n) = n < 1000 ? sprintf("%d", n) : sprintf("%d,%03d", int(n) / 1000, int(n) % 1000)
set key at screen 0.97,0.97 right top horizontal maxrows 1 reverse Left samplen 2.5 width -5 tc "#222222"
set style line 1 lc "#0b6e99" lw 2.6 pt 7 ps 0.55
set style line 2 lc "#0b6e99" lw 1.4 pt 6 ps 0.5 dt (6,4)
set style line 3 lc "#c2571a" lw 2.6 pt 7 ps 0.55
set style line 4 lc "#c2571a" lw 1.4 pt 6 ps 0.5 dt (6,4)
plot DATA using 1:4:xtic(commas(column(1))) with linespoints ls 3 title "load", \
	DATA using 1:5 with linespoints ls 4 title PEER, \
	DATA using 1:2 with linespoints ls 1 title "verify", \
	DATA using 1:3 with linespoints ls 2 title "openssl dgst -sha256"
