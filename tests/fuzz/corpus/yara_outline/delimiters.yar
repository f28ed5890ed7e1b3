rule a { strings: $x = "\"/*" $y = /\/"/ condition: 4 \ 2 } // rule b
/* rule c */ rule d { condition: true }