commitlog cert ca
commitlog cert node n1 n2 n3
commitlog cert client root
commitlog acl init policy.csv
commitlog agent --tls-ca ca/ca.crt --tls-cert n1.crt --tls-key n1.key --acl-policy policy.csv --data-dir n1 --bootstrap 2>n1.log &
commitlog agent --tls-ca ca/ca.crt --tls-cert n2.crt --tls-key n2.key --acl-policy policy.csv --data-dir n2 --join 127.0.0.1:7654 --listen 127.0.0.1:7664 --admin-addr 127.0.0.1:7665 2>n2.log &
commitlog agent --tls-ca ca/ca.crt --tls-cert n3.crt --tls-key n3.key --acl-policy policy.csv --data-dir n3 --join 127.0.0.1:7654 --listen 127.0.0.1:7674 --admin-addr 127.0.0.1:7675 2>n3.log &
commitlog cluster status --tls-ca ca/ca.crt --tls-cert root.crt --tls-key root.key
